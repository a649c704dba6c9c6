resource "aws_bedrock_guardrail" "claims" {
  name                      = "claims"
  blocked_input_messaging   = "I cannot help with that."
  blocked_outputs_messaging = "I cannot help with that."
}
