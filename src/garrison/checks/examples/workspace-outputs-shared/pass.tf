resource "aws_sagemaker_domain" "fraud" {
  domain_name = "fraud"
  auth_mode   = "SSO"
  vpc_id      = aws_vpc.ml.id
  subnet_ids  = [aws_subnet.ml.id]

  default_user_settings {
    execution_role = aws_iam_role.studio.arn

    sharing_settings {
      notebook_output_option = "Disabled"
      s3_output_path         = "s3://fraud-notebooks/shared"
    }
  }
}
