resource "aws_lb" "scoring" {
  name     = "scoring"
  internal = false
  access_logs {
    bucket  = "scoring-logs"
    enabled = true
  }
}
