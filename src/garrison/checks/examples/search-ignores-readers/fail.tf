resource "aws_kendra_index" "policies" {
  name     = "policies"
  role_arn = aws_iam_role.search.arn
}
