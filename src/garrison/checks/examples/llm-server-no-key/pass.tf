resource "aws_ecs_task_definition" "assistant" {
  family = "assistant"
  container_definitions = jsonencode([{
    name   = "assistant"
    image  = "vllm/vllm-openai:v0.11.0"
    memory = 8192
    command = ["--model", "/models/assistant"]
    environment = [{
      name  = "HF_HUB_OFFLINE"
      value = "1"
    }]
    secrets = [{
      name      = "VLLM_API_KEY"
      valueFrom = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:fraud/vllm-api-key"
    }]
  }])
}
