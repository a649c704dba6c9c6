resource "aws_ecs_task_definition" "fraud_torchserve" {
  family = "fraud-torchserve"
  container_definitions = jsonencode([{
    name   = "fraud-torchserve"
    image  = "pytorch/torchserve:0.12.0-cpu"
    memory = 8192
    command = ["torchserve", "--start", "--disable-token-auth"]
  }])
}
