resource "aws_sagemaker_mlflow_tracking_server" "ml" {
  tracking_server_name = "ml"
  role_arn             = aws_iam_role.mlflow.arn
  artifact_store_uri   = "s3://ml-experiments/artifacts"
  mlflow_version       = "2.16.2"
}
