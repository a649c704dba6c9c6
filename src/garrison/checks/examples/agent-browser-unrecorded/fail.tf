resource "aws_bedrockagentcore_browser" "claims" {
  name               = "claims"
  execution_role_arn = aws_iam_role.browser.arn
  network_configuration {
    network_mode = "PUBLIC"
  }
}
