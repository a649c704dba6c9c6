resource "aws_lb" "scoring" {
  name     = "scoring"
  internal = false
}
