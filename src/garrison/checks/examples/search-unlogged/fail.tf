resource "aws_opensearch_domain" "policies" {
  domain_name = "policies"
}
