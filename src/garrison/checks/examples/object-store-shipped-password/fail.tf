resource "aws_ecs_task_definition" "artifacts" {
  family = "artifacts"
  container_definitions = jsonencode([{
    name   = "artifacts"
    image  = "minio/minio:RELEASE.2025-10-15T17-29-55Z"
    memory = 8192
    command = ["server", "/data"]
    environment = [{
      name  = "MINIO_ROOT_PASSWORD"
      value = "minioadmin"
    }]
  }])
}
