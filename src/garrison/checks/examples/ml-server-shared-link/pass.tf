resource "aws_ecs_task_definition" "demo" {
  family = "demo"
  container_definitions = jsonencode([{
    name   = "demo"
    image  = "registry.example.com/demo:1"
    memory = 8192
    command = ["gradio", "app.py"]
    environment = [{
      name  = "GRADIO_SHARE"
      value = "false"
    }]
  }])
}
