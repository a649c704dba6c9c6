resource "aws_opensearch_domain" "documents" {
  domain_name    = "support-documents"
  engine_version = "OpenSearch_2.17"
  node_to_node_encryption {
    enabled = true
  }
  domain_endpoint_options {
    enforce_https = true
  }
}
