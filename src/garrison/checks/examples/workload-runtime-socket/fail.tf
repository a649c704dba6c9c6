resource "aws_ecs_task_definition" "image_builder" {
  family = "image-builder"
  container_definitions = jsonencode([{
    name   = "image-builder"
    image  = "registry.example.com/fraud/scorer:1.4.2"
    memory = 8192
  }])
  volume {
    name = "runtime"
    host_path = "/var/run/docker.sock"
  }
}
