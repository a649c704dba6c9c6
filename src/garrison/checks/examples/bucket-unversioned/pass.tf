resource "aws_s3_bucket" "training" {
  bucket = "fraud-training-data"
}

resource "aws_s3_bucket_versioning" "training" {
  bucket = aws_s3_bucket.training.id
  versioning_configuration {
    status = "Enabled"
  }
}
