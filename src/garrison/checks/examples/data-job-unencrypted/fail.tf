resource "aws_glue_job" "features" {
  name     = "fraud-features"
  role_arn = aws_iam_role.features.arn

  command {
    script_location = "s3://fraud-jobs/features.py"
  }
}
