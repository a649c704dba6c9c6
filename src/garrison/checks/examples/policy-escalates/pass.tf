resource "aws_iam_policy" "operator" {
  name = "operator"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["iam:AttachRolePolicy", "iam:ListRoles"]
      Resource = "arn:aws:iam::111122223333:role/fraud-reports"
    }]
  })
}
