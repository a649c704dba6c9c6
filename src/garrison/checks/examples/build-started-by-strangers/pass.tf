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
    type     = "GITHUB"
    location = "https://github.com/example/models.git"
  }
}

resource "aws_codebuild_webhook" "images" {
  project_name = aws_codebuild_project.images.name
  filter_group {
    filter {
      type    = "EVENT"
      pattern = "PULL_REQUEST_CREATED"
    }
    filter {
      type    = "ACTOR_ACCOUNT_ID"
      pattern = "^755743$"
    }
  }
}
