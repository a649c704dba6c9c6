resource "aws_vpc" "experiments" {
  cidr_block = "10.20.0.0/16"
  tags       = { environment = "development" }
}

resource "aws_vpc" "serving" {
  cidr_block = "10.30.0.0/16"
  tags       = { environment = "production" }
}

resource "aws_vpc_peering_connection" "both" {
  vpc_id      = aws_vpc.experiments.id
  peer_vpc_id = aws_vpc.serving.id
}
