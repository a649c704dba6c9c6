resource "aws_lambda_function" "features" {
  function_name = "features"
  role          = aws_iam_role.features.arn
  handler       = "features.handler"
  runtime       = "python3.8"
  filename      = "features.zip"
}
