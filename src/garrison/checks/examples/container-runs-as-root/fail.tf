resource "aws_ecs_task_definition" "fraud_scorer" {
  family = "fraud-scorer"
  container_definitions = jsonencode([{
    name   = "fraud-scorer"
    image  = "registry.example.com/fraud/scorer:1.4.2"
    memory = 8192
  }])
}
