resource "aws_ecs_task_definition" "fraud_triton" {
  family = "fraud-triton"
  container_definitions = jsonencode([{
    name   = "fraud-triton"
    image  = "nvcr.io/nvidia/tritonserver:25.08-py3"
    memory = 8192
    command = ["tritonserver", "--model-repository=/models", "--model-control-mode=explicit"]
  }])
}
