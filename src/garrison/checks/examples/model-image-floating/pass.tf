resource "aws_sagemaker_model" "fraud" {
  name               = "fraud"
  execution_role_arn = aws_iam_role.serving.arn

  primary_container {
    image          = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud@sha256:0f8c2e2d6d3f5a1b9c7e4d2a6b8f0e1c3a5d7b9f2e4c6a8d0b1f3e5c7a9d2b4f"
    model_data_url = "s3://fraud-models/fraud/model.tar.gz"
  }
}
