resource "aws_iam_role" "claims" {
  name               = "claims-agent"
  assume_role_policy = data.aws_iam_policy_document.agents.json
}

resource "aws_iam_role" "payments" {
  name               = "payments-agent"
  assume_role_policy = data.aws_iam_policy_document.agents.json
}

resource "aws_bedrockagent_agent" "claims" {
  agent_name              = "claims"
  agent_resource_role_arn = aws_iam_role.claims.arn
  foundation_model        = "amazon.nova-pro-v1:0"
}

resource "aws_bedrockagent_agent" "payments" {
  agent_name              = "payments"
  agent_resource_role_arn = aws_iam_role.claims.arn
  foundation_model        = "amazon.nova-pro-v1:0"
}
