resource "aws_glue_dev_endpoint" "trial" {
  name       = "fraud-trial"
  role_arn   = aws_iam_role.features.arn
  public_key = file("trial.pub")
}
