resource "aws_vpc" "ml" {
  cidr_block = "10.20.0.0/16"
  tags = {
    Name = "ml"
  }
}
