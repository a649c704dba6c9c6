resource "aws_opensearch_domain" "documents" {
  domain_name    = "support-documents"
  engine_version = "OpenSearch_2.17"
  vpc_options {
    subnet_ids         = ["subnet-0a1b2c3d4e5f60718"]
    security_group_ids = ["sg-0a1b2c3d4e5f60718"]
  }
}
