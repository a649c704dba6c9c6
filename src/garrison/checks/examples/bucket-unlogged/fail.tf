resource "aws_s3_bucket" "training" {
  bucket = "fraud-training-data"
}
