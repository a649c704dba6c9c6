resource "aws_lb_listener" "scoring" {
  load_balancer_arn = aws_lb.scoring.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = aws_acm_certificate.scoring.arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.scoring.arn
  }
}
