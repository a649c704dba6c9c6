resource "aws_bedrockagent_agent" "claims" {
  agent_name              = "claims"
  agent_resource_role_arn = "arn:aws:iam::111122223333:role/claims"
  foundation_model        = "amazon.nova-pro-v1:0"
}

resource "aws_cloudtrail" "account" {
  name           = "account"
  s3_bucket_name = "fraud-audit-log"
  advanced_event_selector {
    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }
    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }
  }
}
