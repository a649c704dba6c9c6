resource "aws_sagemaker_model" "fraud" {
  name               = "fraud"
  execution_role_arn = aws_iam_role.serving.arn

  primary_container {
    image          = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud:latest"
    model_data_url = "s3://fraud-models/fraud/model.tar.gz"
  }
}
