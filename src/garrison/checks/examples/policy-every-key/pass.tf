resource "aws_iam_policy" "training" {
  name = "training"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = "arn:aws:kms:eu-west-1:111122223333:key/1c2d3e4f-0000-4000-8000-123456789012"
    }]
  })
}
