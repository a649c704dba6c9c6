resource "aws_iam_role" "models" {
  name = "model-reader"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:role/fraud-serving" }
      Action    = "sts:AssumeRole"
    }]
  })
}
