resource "aws_bedrockagent_data_source" "policies" {
  name              = "policies"
  knowledge_base_id = aws_bedrockagent_knowledge_base.claims.id
  data_source_configuration {
    type = "S3"
    s3_configuration {
      bucket_arn = aws_s3_bucket.policies.arn
    }
  }
}
