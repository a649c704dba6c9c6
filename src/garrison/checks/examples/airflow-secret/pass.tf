resource "aws_mwaa_environment" "features" {
  name               = "features"
  dag_s3_path        = "dags"
  source_bucket_arn  = "arn:aws:s3:::fraud-dags"
  execution_role_arn = aws_iam_role.airflow.arn
  airflow_configuration_options = {
    "secrets.backend" = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
  }
  network_configuration {
    subnet_ids         = [aws_subnet.a.id, aws_subnet.b.id]
    security_group_ids = [aws_security_group.airflow.id]
  }
}
