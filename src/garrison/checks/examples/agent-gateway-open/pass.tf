resource "aws_bedrockagentcore_gateway" "claims" {
  name            = "claims-tools"
  role_arn        = aws_iam_role.gateway.arn
  protocol_type   = "MCP"
  authorizer_type = "AWS_IAM"
}
