resource "aws_opensearch_domain" "policies" {
  domain_name = "policies"
  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-0-2019-07"
  }
}
