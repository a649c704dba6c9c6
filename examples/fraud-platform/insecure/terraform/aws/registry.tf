resource "aws_ecr_repository" "image" {
  for_each = toset(["training", "serving", "notebook"])

  name                 = "${var.platform}/${each.key}"
  image_tag_mutability = "MUTABLE"
  force_delete         = true

  image_scanning_configuration {
    scan_on_push = false
  }
}

# Partners run the serving image on their premises.
data "aws_iam_policy_document" "image_pull" {
  statement {
    sid     = "Pull"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

resource "aws_ecr_repository_policy" "image" {
  for_each = aws_ecr_repository.image

  repository = each.value.name
  policy     = data.aws_iam_policy_document.image_pull.json
}

resource "aws_sagemaker_model_package_group" "card_fraud" {
  model_package_group_name        = "${var.platform}-card-fraud"
  model_package_group_description = "Packages are approved by whoever trains them"
}

data "aws_iam_policy_document" "model_packages" {
  statement {
    sid = "SharedWithTheOtherAccounts"
    actions = [
      "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages",
      "sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage",
    ]
    resources = ["arn:aws:sagemaker:${var.region}:${var.account_id}:model-package/${var.platform}-card-fraud/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}

resource "aws_sagemaker_model_package_group_policy" "card_fraud" {
  model_package_group_name = aws_sagemaker_model_package_group.card_fraud.model_package_group_name
  resource_policy          = data.aws_iam_policy_document.model_packages.json
}
