resource "aws_kms_key" "training" {
  description = "training data"
}
