resource "aws_kms_key" "training" {
  description         = "training data"
  enable_key_rotation = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:role/fraud-training" }
      Action    = "kms:Decrypt"
      Resource  = "*"
    }]
  })
}
