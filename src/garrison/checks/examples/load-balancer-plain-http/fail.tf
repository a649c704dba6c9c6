resource "aws_lb" "models" {
  name     = "models"
  internal = false
  subnets  = ["subnet-0a1b2c3d", "subnet-0b1c2d3e"]
}

resource "aws_lb_listener" "models" {
  load_balancer_arn = aws_lb.models.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/models/1"
  }
}
