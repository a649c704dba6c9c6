resource "aws_secretsmanager_secret" "provider" {
  name = "assistant/model-provider"
}

resource "aws_secretsmanager_secret_version" "provider" {
  secret_id     = aws_secretsmanager_secret.provider.id
  secret_string = var.provider_key
}

variable "provider_key" {
  type      = string
  sensitive = true
}
