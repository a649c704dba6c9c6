resource "aws_ebs_volume" "checkpoints" {
  availability_zone = "eu-west-1a"
  size              = 2000
  encrypted         = false
}
