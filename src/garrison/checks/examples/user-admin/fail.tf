resource "aws_iam_user" "labeller" {
  name = "labeller"
}

resource "aws_iam_user_policy_attachment" "labeller" {
  user       = aws_iam_user.labeller.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
