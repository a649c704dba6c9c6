resource "aws_ecs_task_definition" "scoring" {
  family = "scoring"
  container_definitions = jsonencode([{
    name   = "scoring"
    image  = "pytorch/torchserve:0.12.0-gpu"
    memory = 8192
    command = ["torchserve", "--start", "--enable-model-api"]
  }])
}
