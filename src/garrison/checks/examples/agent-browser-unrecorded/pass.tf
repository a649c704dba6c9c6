resource "aws_bedrockagentcore_browser" "claims" {
  name               = "claims"
  execution_role_arn = aws_iam_role.browser.arn
  network_configuration {
    network_mode = "PUBLIC"
  }
  recording {
    enabled = true
    s3_location {
      bucket = "claims-browser-sessions"
      prefix = "sessions"
    }
  }
}
