resource "aws_secretsmanager_secret" "provider" {
  name = "assistant/model-provider"
}

resource "aws_secretsmanager_secret_policy" "provider" {
  secret_arn = aws_secretsmanager_secret.provider.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "secretsmanager:GetSecretValue"
      Resource  = "*"
    }]
  })
}
