resource "aws_s3_bucket" "models" {
  bucket = "fraud-models"
}
