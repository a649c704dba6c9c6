resource "aws_sagemaker_code_repository" "fraud" {
  code_repository_name = "fraud"
  git_config {
    repository_url = "http://git.example.com/fraud/training.git"
  }
}
