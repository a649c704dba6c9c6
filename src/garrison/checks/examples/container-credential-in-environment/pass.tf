resource "aws_ecs_task_definition" "fraud_train" {
  family = "fraud-train"
  container_definitions = jsonencode([{
    name   = "fraud-train"
    image  = "registry.example.com/fraud/scorer:1.4.2"
    memory = 8192
    secrets = [{
      name      = "WANDB_API_KEY"
      valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:fraud/wandb-api-key"
    }]
  }])
}
