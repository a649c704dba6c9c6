resource "aws_lb" "scoring" {
  name                       = "scoring"
  internal                   = false
  desync_mitigation_mode     = "defensive"
  drop_invalid_header_fields = true
}
