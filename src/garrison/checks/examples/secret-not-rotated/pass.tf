resource "aws_secretsmanager_secret" "features" {
  name = "fraud/feature-store"
}

resource "aws_secretsmanager_secret_rotation" "features" {
  secret_id           = aws_secretsmanager_secret.features.id
  rotation_lambda_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rotate-feature-store"
  rotation_rules {
    automatically_after_days = 30
  }
}
