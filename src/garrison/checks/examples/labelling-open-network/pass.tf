resource "aws_sagemaker_workforce" "labels" {
  workforce_name = "claims-labels"

  cognito_config {
    client_id = aws_cognito_user_pool_client.labels.id
    user_pool = aws_cognito_user_pool.labels.id
  }
  source_ip_config {
    cidrs = ["198.51.100.0/24"]
  }
}
