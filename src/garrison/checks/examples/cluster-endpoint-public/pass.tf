resource "aws_eks_cluster" "serving" {
  name     = "fraud-serving"
  role_arn = "arn:aws:iam::111122223333:role/fraud-eks"

  vpc_config {
    subnet_ids             = ["subnet-0a", "subnet-0b"]
    endpoint_public_access = false
  }
}
