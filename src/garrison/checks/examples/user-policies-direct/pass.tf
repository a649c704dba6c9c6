resource "aws_iam_user" "ana" {
  name = "ana"
}

resource "aws_iam_group" "scientists" {
  name = "scientists"
}

resource "aws_iam_user_group_membership" "ana" {
  user   = aws_iam_user.ana.name
  groups = [aws_iam_group.scientists.name]
}

resource "aws_iam_group_policy_attachment" "scientists" {
  group      = aws_iam_group.scientists.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}
