resource "aws_kinesis_stream" "events" {
  name        = "fraud-events"
  shard_count = 4
}
