resource "aws_kinesis_stream" "events" {
  name        = "fraud-events"
  shard_count = 4

  encryption_type = "KMS"
  kms_key_id      = "alias/fraud-events"
}
