data "aws_iam_policy_document" "notebook" {
  statement {
    actions   = ["*"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "notebook" {
  name   = "notebook"
  policy = data.aws_iam_policy_document.notebook.json
}
