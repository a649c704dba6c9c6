resource "aws_ecs_task_definition" "chat" {
  family = "chat"
  container_definitions = jsonencode([{
    name   = "chat"
    image  = "ghcr.io/open-webui/open-webui:0.9.2"
    memory = 8192
    environment = [{
      name  = "ENABLE_SIGNUP"
      value = "true"
    }, {
      name  = "DEFAULT_USER_ROLE"
      value = "user"
    }]
  }])
}
