resource "aws_iam_service_specific_credential" "assistant" {
  user_name    = aws_iam_user.assistant.name
  service_name = "bedrock.amazonaws.com"
  status       = "Inactive"
}
