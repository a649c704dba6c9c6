resource "aws_lambda_function" "score" {
  function_name = "fraud-inference"
  role          = "arn:aws:iam::111122223333:role/fraud-inference"
  package_type  = "Image"
  image_uri     = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/inference:1.4.2"
}

resource "aws_lambda_function_url" "score" {
  function_name      = aws_lambda_function.score.function_name
  authorization_type = "NONE"
}
