resource "aws_ecs_task_definition" "labels" {
  family = "labels"
  container_definitions = jsonencode([{
    name   = "labels"
    image  = "heartexlabs/label-studio:1.20.0"
    memory = 8192
    environment = [{
      name  = "SSRF_PROTECTION_ENABLED"
      value = "true"
    }]
  }])
}
