resource "aws_instance" "trainer" {
  ami                         = "ami-0a1b2c3d"
  instance_type               = "g5.12xlarge"
  subnet_id                   = "subnet-0a1b2c3d"
  associate_public_ip_address = false
}
