resource "aws_mwaa_environment" "features" {
  name                  = "features"
  dag_s3_path           = "dags"
  source_bucket_arn     = "arn:aws:s3:::fraud-dags"
  execution_role_arn    = aws_iam_role.airflow.arn
  webserver_access_mode = "PRIVATE_ONLY"
  network_configuration {
    subnet_ids         = [aws_subnet.a.id, aws_subnet.b.id]
    security_group_ids = [aws_security_group.airflow.id]
  }
}
