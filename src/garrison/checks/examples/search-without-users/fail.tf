resource "aws_opensearch_domain" "policies" {
  domain_name = "policies"
  advanced_security_options {
    enabled = false
  }
}
