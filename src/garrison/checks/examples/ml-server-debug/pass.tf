resource "aws_ecs_task_definition" "gateway" {
  family = "gateway"
  container_definitions = jsonencode([{
    name   = "gateway"
    image  = "ghcr.io/berriai/litellm:v1.106.0"
    memory = 8192
    command = ["--config", "/etc/litellm/config.yaml"]
  }])
}
