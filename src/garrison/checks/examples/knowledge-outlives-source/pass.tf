resource "aws_bedrockagent_data_source" "policies" {
  knowledge_base_id    = aws_bedrockagent_knowledge_base.claims.id
  name                 = "policies"
  data_deletion_policy = "DELETE"
  data_source_configuration {
    type = "S3"
    s3_configuration {
      bucket_arn = "arn:aws:s3:::claims-policies"
    }
  }
}
