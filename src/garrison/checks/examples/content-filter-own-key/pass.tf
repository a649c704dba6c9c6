resource "aws_bedrock_guardrail" "claims" {
  name                      = "claims"
  blocked_input_messaging   = "I cannot help with that."
  blocked_outputs_messaging = "I cannot help with that."
  kms_key_arn               = aws_kms_key.ml.arn
}
