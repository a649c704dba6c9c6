resource "aws_launch_template" "ray_workers" {
  name          = "ray-workers"
  image_id      = "ami-0a1b2c3d"
  instance_type = "g5.xlarge"

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "optional"
  }
}
