resource "aws_iam_user" "ana" {
  name = "ana"
}
