resource "aws_ecs_task_definition" "tracking" {
  family = "tracking"
  container_definitions = jsonencode([{
    name   = "tracking"
    image  = "ghcr.io/mlflow/mlflow:v3.4.0"
    memory = 8192
    command = ["mlflow", "server", "--app-name", "basic-auth", "--allowed-hosts", "*"]
  }])
}
