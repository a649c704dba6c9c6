resource "aws_iam_policy" "scientist" {
  name = "scientist"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["sagemaker:DescribeTrainingJob", "sagemaker:ListTrainingJobs"]
      Resource = "*"
    }]
  })
}
