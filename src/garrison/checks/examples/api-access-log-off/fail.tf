resource "aws_apigatewayv2_stage" "live" {
  api_id = "a1b2c3"
  name   = "live"
}
