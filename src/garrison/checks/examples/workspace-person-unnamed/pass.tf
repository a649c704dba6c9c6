resource "aws_sagemaker_domain" "ml" {
  domain_name = "ml"
  auth_mode   = "SSO"
  vpc_id      = aws_vpc.ml.id
  subnet_ids  = [aws_subnet.private.id]
  domain_settings {
    execution_role_identity_config = "USER_PROFILE_NAME"
  }

  default_user_settings {
    execution_role = aws_iam_role.studio.arn
  }
}
