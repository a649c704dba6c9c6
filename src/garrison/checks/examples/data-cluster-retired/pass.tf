resource "aws_emr_cluster" "features" {
  name          = "fraud-features"
  release_label = "emr-7.12.0"
  service_role  = aws_iam_role.emr.arn
}
