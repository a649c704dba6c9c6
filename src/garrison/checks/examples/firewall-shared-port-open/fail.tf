resource "aws_security_group_rule" "app" {
  type              = "ingress"
  security_group_id = "sg-0a1b2c3d"
  protocol          = "tcp"
  from_port         = 8000
  to_port           = 8080
  cidr_blocks       = ["0.0.0.0/0"]
}
