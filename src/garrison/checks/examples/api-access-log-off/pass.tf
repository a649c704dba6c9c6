resource "aws_apigatewayv2_stage" "live" {
  api_id = "a1b2c3"
  name   = "live"

  access_log_settings {
    destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:fraud-api"
    format          = "$context.requestId $context.identity.sourceIp $context.status"
  }
}
