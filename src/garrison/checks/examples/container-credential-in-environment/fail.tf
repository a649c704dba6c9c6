resource "aws_ecs_task_definition" "fraud_train" {
  family = "fraud-train"
  container_definitions = jsonencode([{
    name   = "fraud-train"
    image  = "registry.example.com/fraud/scorer:1.4.2"
    memory = 8192
    environment = [{
      name  = "WANDB_API_KEY"
      value = "6f1d0c7a5b3e4f2a9d8c7b6a5f4e3d2c1b0a9f8e"
    }]
  }])
}
