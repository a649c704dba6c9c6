resource "aws_instance" "trainer" {
  ami           = "ami-0a1b2c3d"
  instance_type = "g5.xlarge"

  root_block_device {
    volume_size = 500
    encrypted   = true
  }
}
