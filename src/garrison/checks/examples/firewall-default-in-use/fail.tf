resource "aws_default_security_group" "ml" {
  vpc_id = "vpc-0a1b2c3d"

  ingress {
    protocol  = "-1"
    from_port = 0
    to_port   = 0
    self      = true
  }
}
