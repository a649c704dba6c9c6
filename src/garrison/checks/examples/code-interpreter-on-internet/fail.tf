resource "aws_bedrockagentcore_code_interpreter" "analyst" {
  name               = "analyst"
  execution_role_arn = aws_iam_role.interpreter.arn
  network_configuration {
    network_mode = "PUBLIC"
  }
}
