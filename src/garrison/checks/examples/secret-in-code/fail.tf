resource "aws_secretsmanager_secret" "provider" {
  name = "assistant/model-provider"
}

resource "aws_secretsmanager_secret_version" "provider" {
  secret_id     = aws_secretsmanager_secret.provider.id
  secret_string = "mp-7f3a91c2d4e8"
}
