resource "aws_cloudtrail" "account" {
  name           = "account"
  s3_bucket_name = "fraud-audit-log"
  event_selector {
    read_write_type = "All"
    data_resource {
      type   = "AWS::S3::Object"
      values = ["arn:aws:s3:::fraud-training-data/", "arn:aws:s3:::fraud-models/"]
    }
  }
}
