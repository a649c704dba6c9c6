resource "aws_default_vpc" "ml" {
  tags = {
    Name = "ml"
  }
}
