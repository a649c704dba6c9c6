resource "aws_s3_bucket" "audit" {
  bucket = "fraud-audit-log"
}

resource "aws_cloudtrail" "account" {
  name           = "account"
  s3_bucket_name = aws_s3_bucket.audit.id
}
