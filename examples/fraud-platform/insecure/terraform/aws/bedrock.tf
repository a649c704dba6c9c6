data "aws_iam_policy_document" "disputes" {
  count = var.enable_bedrock ? 1 : 0

  # The model changes often.
  statement {
    sid       = "Summarise"
    actions   = ["bedrock:*"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "disputes" {
  count = var.enable_bedrock ? 1 : 0

  name   = "summarise-disputes"
  role   = aws_iam_role.workload["ml-serve"].id
  policy = data.aws_iam_policy_document.disputes[0].json
}
