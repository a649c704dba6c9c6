resource "aws_opensearch_domain" "documents" {
  domain_name    = "support-documents"
  engine_version = "OpenSearch_2.17"

  access_policies = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:role/assistant" }
      Action    = "es:*"
      Resource  = "arn:aws:es:eu-west-1:111122223333:domain/support-documents/*"
    }]
  })
}
