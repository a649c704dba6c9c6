resource "aws_sagemaker_feature_group" "cards" {
  feature_group_name             = "cards"
  record_identifier_feature_name = "card_id"
  event_time_feature_name        = "seen_at"
  role_arn                       = aws_iam_role.features.arn

  feature_definition {
    feature_name = "card_id"
    feature_type = "String"
  }
  feature_definition {
    feature_name = "seen_at"
    feature_type = "String"
  }
  online_store_config {
    enable_online_store = true
    security_config {
      kms_key_id = aws_kms_key.ml.arn
    }
  }
}
