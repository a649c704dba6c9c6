resource "aws_ecs_task_definition" "gateway" {
  family = "gateway"
  container_definitions = jsonencode([{
    name   = "gateway"
    image  = "ghcr.io/berriai/litellm:v1.106.0"
    memory = 8192
    command = ["--config", "/etc/litellm/config.yaml"]
    secrets = [{
      name      = "LITELLM_MASTER_KEY"
      valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:fraud/litellm-master-key"
    }]
  }])
}
