resource "aws_subnet" "tools" {
  vpc_id                  = "vpc-0a1b2c3d"
  cidr_block              = "10.20.1.0/24"
  map_public_ip_on_launch = false
}

resource "aws_instance" "labelling" {
  ami           = "ami-0a1b2c3d"
  instance_type = "m7i.large"
  subnet_id     = aws_subnet.tools.id
}
