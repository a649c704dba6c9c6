resource "aws_cloudtrail" "account" {
  name           = "account"
  s3_bucket_name = "fraud-audit-log"
  kms_key_id     = "arn:aws:kms:eu-west-1:111122223333:alias/audit"
}
