resource "aws_api_gateway_domain_name" "models" {
  domain_name              = "models.example.com"
  regional_certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/models"
  security_policy          = "TLS_1_0"
}
