resource "aws_secretsmanager_secret" "features" {
  name = "fraud/feature-store"
}
