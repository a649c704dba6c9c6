resource "aws_lambda_function" "ingest" {
  function_name = "ingest"
  role          = "arn:aws:iam::111122223333:role/ingest"
  handler       = "app.handler"
  runtime       = "python3.12"
  filename      = "ingest.zip"
}

resource "aws_lambda_permission" "ingest" {
  function_name = aws_lambda_function.ingest.function_name
  action        = "lambda:InvokeFunction"
  principal     = "*"
}
