resource "aws_ecs_task_definition" "pipelines" {
  family = "pipelines"
  container_definitions = jsonencode([{
    name   = "pipelines"
    image  = "quay.io/argoproj/argocli:v3.7.15"
    memory = 8192
    command = ["server", "--auth-mode=sso"]
  }])
}
