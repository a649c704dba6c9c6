locals {
  secrets = {
    mlflow       = "Database of the tracking server"
    partner-hmac = "Key that signs callbacks to partners"
  }
}

resource "aws_secretsmanager_secret" "platform" {
  for_each = local.secrets

  name                    = "${var.platform}/${each.key}"
  description             = each.value
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "mlflow" {
  secret_id     = aws_secretsmanager_secret.platform["mlflow"].id
  secret_string = "postgresql://mlflow:example-password@${aws_db_instance.features.address}:5432/mlflow"
}

# Moves to Secrets Manager once the loader supports it.
resource "aws_ssm_parameter" "database_password" {
  name  = "/${var.platform}/database-password"
  type  = "String"
  value = var.database_password
}

# Support asked for access to look at one secret.
resource "aws_secretsmanager_secret_policy" "partner_hmac" {
  secret_arn = aws_secretsmanager_secret.platform["partner-hmac"].arn

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
