resource "aws_ecs_task_definition" "notebook" {
  family = "notebook"
  container_definitions = jsonencode([{
    name   = "notebook"
    image  = "quay.io/jupyter/scipy-notebook:2025-09-01"
    memory = 8192
    command = ["start-notebook.py"]
  }])
}
