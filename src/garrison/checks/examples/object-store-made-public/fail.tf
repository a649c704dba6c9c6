resource "aws_ecs_task_definition" "buckets" {
  family = "buckets"
  container_definitions = jsonencode([{
    name   = "buckets"
    image  = "minio/mc:RELEASE.2025-08-13T08-35-41Z"
    memory = 8192
    entryPoint = ["sh", "-c"]
    command = ["mc mb --ignore-existing artifacts/models && mc anonymous set download artifacts/models"]
  }])
}
