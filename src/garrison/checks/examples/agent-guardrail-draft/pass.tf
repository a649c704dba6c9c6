resource "aws_bedrockagent_agent" "claims" {
  agent_name              = "claims"
  agent_resource_role_arn = aws_iam_role.claims.arn
  foundation_model        = "amazon.nova-pro-v1:0"

  guardrail_configuration {
    guardrail_identifier = aws_bedrock_guardrail.claims.guardrail_id
    guardrail_version    = "3"
  }
}
