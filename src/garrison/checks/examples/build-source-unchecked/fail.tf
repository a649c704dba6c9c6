resource "aws_codebuild_project" "images" {
  name         = "model-images"
  service_role = aws_iam_role.build.arn
  artifacts {
    type = "NO_ARTIFACTS"
  }
  environment {
    compute_type = "BUILD_GENERAL1_SMALL"
    image        = "aws/codebuild/standard:7.0"
    type         = "LINUX_CONTAINER"
  }
  source {
    type         = "GITHUB_ENTERPRISE"
    location     = "https://git.example.com/ml/models.git"
    insecure_ssl = true
  }
}
