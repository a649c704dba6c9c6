data "aws_iam_policy_document" "notebook" {
  statement {
    actions   = ["sagemaker:InvokeEndpoint"]
    resources = ["arn:aws:sagemaker:eu-west-1:111122223333:endpoint/fraud"]
  }
}

resource "aws_iam_policy" "notebook" {
  name   = "notebook"
  policy = data.aws_iam_policy_document.notebook.json
}
