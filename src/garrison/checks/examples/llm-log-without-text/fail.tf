resource "aws_bedrock_model_invocation_logging_configuration" "ml" {
  logging_config {
    text_data_delivery_enabled = false
    s3_config {
      bucket_name = "ml-llm-log"
      key_prefix  = "bedrock"
    }
  }
}
