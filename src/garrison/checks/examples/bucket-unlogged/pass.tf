resource "aws_s3_bucket" "training" {
  bucket = "fraud-training-data"
}

resource "aws_s3_bucket_logging" "training" {
  bucket        = aws_s3_bucket.training.id
  target_bucket = "fraud-access-logs"
  target_prefix = "training/"
}
