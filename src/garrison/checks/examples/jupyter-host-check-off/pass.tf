resource "aws_ecs_task_definition" "notebook" {
  family = "notebook"
  container_definitions = jsonencode([{
    name   = "notebook"
    image  = "quay.io/jupyter/scipy-notebook:lab-4.5.7"
    memory = 8192
    command = ["start-notebook.py", "--ServerApp.local_hostnames=notebooks.example.com"]
  }])
}
