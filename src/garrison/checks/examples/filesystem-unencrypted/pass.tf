resource "aws_efs_file_system" "datasets" {
  creation_token = "fraud-datasets"
  encrypted      = true
}
