resource "aws_bedrockagentcore_memory" "claims" {
  name                  = "claims"
  event_expiry_duration = 30
  encryption_key_arn    = aws_kms_key.ml.arn
}
