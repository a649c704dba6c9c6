resource "aws_cloudtrail" "account" {
  name           = "account"
  s3_bucket_name = "fraud-audit-log"
}
