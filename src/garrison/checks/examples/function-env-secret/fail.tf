resource "aws_lambda_function" "rag" {
  function_name = "rag"
  role          = "arn:aws:iam::111122223333:role/rag"
  handler       = "app.handler"
  runtime       = "python3.12"
  filename      = "rag.zip"

  environment {
    variables = {
      MODEL_API_KEY     = "9f8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"
    }
  }
}
