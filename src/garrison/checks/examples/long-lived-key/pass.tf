resource "aws_iam_user" "pipeline" {
  name = "pipeline"
}

resource "aws_iam_access_key" "pipeline" {
  user   = aws_iam_user.pipeline.name
  status = "Inactive"
}
