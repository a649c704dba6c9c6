resource "aws_kms_key" "training" {
  description             = "training data"
  deletion_window_in_days = 30
}
