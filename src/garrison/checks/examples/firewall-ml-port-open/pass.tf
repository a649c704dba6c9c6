resource "aws_security_group" "ray" {
  name   = "ray-head"
  vpc_id = "vpc-0a1b2c3d"

  ingress {
    description = "dashboard"
    protocol    = "tcp"
    from_port   = 8265
    to_port     = 8265
    cidr_blocks = ["10.20.0.0/16"]
  }
}
