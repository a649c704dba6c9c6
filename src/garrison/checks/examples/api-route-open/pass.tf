resource "aws_apigatewayv2_api" "features" {
  name          = "features"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_route" "features" {
  api_id             = aws_apigatewayv2_api.features.id
  route_key          = "POST /features"
  authorization_type = "AWS_IAM"
  target             = "integrations/${aws_apigatewayv2_integration.features.id}"
}

resource "aws_apigatewayv2_integration" "features" {
  api_id           = aws_apigatewayv2_api.features.id
  integration_type = "AWS_PROXY"
  integration_uri  = "arn:aws:lambda:eu-west-1:111122223333:function:features"
}
