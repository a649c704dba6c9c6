resource "aws_bedrockagent_prompt" "triage" {
  name = "claims-triage"
}
