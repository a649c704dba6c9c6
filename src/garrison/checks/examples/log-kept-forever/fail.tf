resource "aws_cloudwatch_log_group" "endpoint" {
  name = "/aws/sagemaker/Endpoints/fraud"
}
