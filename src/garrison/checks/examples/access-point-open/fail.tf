resource "aws_s3_access_point" "training" {
  bucket = "fraud-training"
  name   = "everybody"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:eu-west-1:111122223333:accesspoint/everybody/object/*"
    }]
  })
  public_access_block_configuration {
    restrict_public_buckets = false
  }
}
