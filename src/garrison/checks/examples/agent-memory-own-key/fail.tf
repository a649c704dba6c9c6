resource "aws_bedrockagentcore_memory" "claims" {
  name                  = "claims"
  event_expiry_duration = 30
}
