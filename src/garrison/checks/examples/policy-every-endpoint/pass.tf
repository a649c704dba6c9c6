resource "aws_iam_policy" "checkout" {
  name = "checkout"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "sagemaker:InvokeEndpoint"
      Resource = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/fraud"
    }]
  })
}
