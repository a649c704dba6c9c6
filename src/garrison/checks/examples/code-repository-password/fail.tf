resource "aws_sagemaker_code_repository" "fraud" {
  code_repository_name = "fraud"
  git_config {
    repository_url = "https://ml-bot:Kq7vTz2mW9xR@git.example.com/fraud/training.git"
  }
}
