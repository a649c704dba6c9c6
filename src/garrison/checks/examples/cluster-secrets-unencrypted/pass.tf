resource "aws_eks_cluster" "serving" {
  name     = "fraud-serving"
  role_arn = "arn:aws:iam::111122223333:role/fraud-eks"

  vpc_config {
    subnet_ids = ["subnet-0a1b2c3d", "subnet-0b1c2d3e"]
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
    }
  }
}
