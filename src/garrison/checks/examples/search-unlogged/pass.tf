resource "aws_opensearch_domain" "policies" {
  domain_name = "policies"
  log_publishing_options {
    cloudwatch_log_group_arn = aws_cloudwatch_log_group.policies.arn
    log_type                 = "AUDIT_LOGS"
  }
}
