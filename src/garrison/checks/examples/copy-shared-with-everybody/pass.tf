resource "aws_ami_launch_permission" "trainer" {
  image_id   = "ami-0f8c2e2d6d3f5a1b9"
  account_id = "444455556666"
}
