resource "aws_sagemaker_notebook_instance" "fraud" {
  name          = "fraud-exploration"
  role_arn      = aws_iam_role.notebook.arn
  instance_type = "ml.t3.xlarge"
}
