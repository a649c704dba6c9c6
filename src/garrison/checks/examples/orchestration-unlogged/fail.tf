resource "aws_sfn_state_machine" "retrain" {
  name       = "retrain"
  role_arn   = aws_iam_role.retrain.arn
  definition = file("retrain.asl.json")
}
