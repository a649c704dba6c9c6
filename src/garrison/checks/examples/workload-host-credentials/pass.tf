resource "aws_ecs_task_definition" "fraud_train" {
  family = "fraud-train"
  container_definitions = jsonencode([{
    name   = "fraud-train"
    image  = "registry.example.com/fraud/scorer:1.4.2"
    memory = 8192
  }])
}
