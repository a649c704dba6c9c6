resource "aws_kms_key" "training" {
  description = "training data"

  enable_key_rotation = true
}
