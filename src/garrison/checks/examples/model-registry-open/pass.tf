resource "aws_sagemaker_model_package_group" "fraud" {
  model_package_group_name = "fraud"
}

resource "aws_sagemaker_model_package_group_policy" "fraud" {
  model_package_group_name = aws_sagemaker_model_package_group.fraud.model_package_group_name
  resource_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111122223333:role/release" }
      Action    = ["sagemaker:DescribeModelPackage", "sagemaker:CreateModelPackage"]
      Resource  = "*"
    }]
  })
}
