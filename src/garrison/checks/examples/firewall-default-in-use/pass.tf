resource "aws_default_security_group" "ml" {
  vpc_id = "vpc-0a1b2c3d"
}
