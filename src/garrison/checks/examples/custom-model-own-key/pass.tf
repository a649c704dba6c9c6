resource "aws_bedrock_custom_model" "claims" {
  custom_model_name     = "claims"
  job_name              = "claims-7"
  base_model_identifier = "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0"
  role_arn              = aws_iam_role.tuning.arn
  hyperparameters = {
    epochCount = "2"
  }
  training_data_config {
    s3_uri = "s3://claims-training/pairs.jsonl"
  }
  output_data_config {
    s3_uri = "s3://claims-models/"
  }
  custom_model_kms_key_id = aws_kms_key.ml.arn
}
