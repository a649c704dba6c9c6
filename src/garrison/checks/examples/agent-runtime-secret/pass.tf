resource "aws_bedrockagentcore_agent_runtime" "claims" {
  agent_runtime_name = "claims"
  role_arn           = aws_iam_role.claims.arn
  environment_variables = {
    CRM_KEY_NAME = "claims/crm"
  }
  network_configuration {
    network_mode = "PUBLIC"
  }
}
