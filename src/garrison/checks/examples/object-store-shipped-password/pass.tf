resource "aws_ecs_task_definition" "artifacts" {
  family = "artifacts"
  container_definitions = jsonencode([{
    name   = "artifacts"
    image  = "minio/minio:RELEASE.2025-10-15T17-29-55Z"
    memory = 8192
    command = ["server", "/data"]
    secrets = [{
      name      = "MINIO_ROOT_PASSWORD"
      valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:fraud/minio-root-password"
    }]
  }])
}
