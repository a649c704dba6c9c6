resource "aws_api_gateway_rest_api" "fraud" {
  name = "fraud"
}

resource "aws_api_gateway_method" "predict" {
  rest_api_id   = aws_api_gateway_rest_api.fraud.id
  resource_id   = aws_api_gateway_rest_api.fraud.root_resource_id
  http_method   = "POST"
  authorization = "AWS_IAM"
}

resource "aws_api_gateway_integration" "predict" {
  rest_api_id             = aws_api_gateway_rest_api.fraud.id
  resource_id             = aws_api_gateway_rest_api.fraud.root_resource_id
  http_method             = aws_api_gateway_method.predict.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  uri                     = "arn:aws:apigateway:eu-west-1:runtime.sagemaker:path/endpoints/fraud/invocations"
  credentials             = "arn:aws:iam::111122223333:role/invoke-fraud"
}
