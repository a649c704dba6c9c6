resource "aws_ecs_task_definition" "langflow" {
  family = "langflow"
  container_definitions = jsonencode([{
    name   = "langflow"
    image  = "langflowai/langflow:1.6.9"
    memory = 8192
    environment = [{
      name  = "LANGFLOW_AUTO_LOGIN"
      value = "True"
    }]
  }])
}
