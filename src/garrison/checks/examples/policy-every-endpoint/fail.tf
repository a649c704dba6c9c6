resource "aws_iam_policy" "checkout" {
  name = "checkout"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "sagemaker:InvokeEndpoint"
      Resource = "*"
    }]
  })
}
