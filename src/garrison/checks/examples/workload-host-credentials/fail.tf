resource "aws_ecs_task_definition" "train" {
  family = "train"
  container_definitions = jsonencode([{
    name   = "train"
    image  = "registry.example.com/fraud/training:2026.11.2"
    memory = 8192
  }])
  volume {
    name = "keys"
    host_path = "/home/scientist/.aws"
  }
}
