resource "aws_ecs_task_definition" "vectors" {
  family = "vectors"
  container_definitions = jsonencode([{
    name   = "vectors"
    image  = "semitechnologies/weaviate:1.33.4"
    memory = 8192
    environment = [{
      name  = "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED"
      value = "true"
    }]
  }])
}
