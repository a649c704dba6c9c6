resource "aws_lambda_function" "rag" {
  function_name = "rag"
  role          = "arn:aws:iam::111122223333:role/rag"
  handler       = "app.handler"
  runtime       = "python3.12"
  filename      = "rag.zip"

  environment {
    variables = {
      MODEL_API_KEY_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:model-api-key"
    }
  }
}
