resource "aws_bedrockagent_prompt" "triage" {
  name = "claims-triage"
  customer_encryption_key_arn = aws_kms_key.ml.arn
}
