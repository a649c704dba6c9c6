resource "aws_bedrockagent_agent" "claims" {
  agent_name              = "claims"
  agent_resource_role_arn = aws_iam_role.agent.arn
  foundation_model        = "anthropic.claude-sonnet-4-20250514-v1:0"
}

resource "aws_bedrock_model_invocation_logging_configuration" "ml" {
  logging_config {
    s3_config {
      bucket_name = "ml-llm-log"
      key_prefix  = "bedrock"
    }
  }
}
