resource "aws_security_group" "training" {
  name   = "fraud-training"
  vpc_id = "vpc-0a1b2c3d"

  ingress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
