resource "aws_ecs_task_definition" "assistant" {
  family = "assistant"
  container_definitions = jsonencode([{
    name   = "assistant"
    image  = "vllm/vllm-openai:v0.11.0"
    memory = 8192
    environment = [{
      name  = "VLLM_SERVER_DEV_MODE"
      value = "0"
    }]
  }])
}
