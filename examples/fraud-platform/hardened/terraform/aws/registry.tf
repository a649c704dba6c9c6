resource "aws_ecr_repository" "image" {
  for_each = toset(["training", "serving", "notebook"])

  name                 = "${var.platform}/${each.key}"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.platform["lake"].arn
  }
}

resource "aws_ecr_registry_scanning_configuration" "this" {
  scan_type = "ENHANCED"

  rule {
    scan_frequency = "CONTINUOUS_SCAN"

    repository_filter {
      filter      = "${var.platform}/*"
      filter_type = "WILDCARD"
    }
  }
}

resource "aws_ecr_lifecycle_policy" "image" {
  for_each = aws_ecr_repository.image

  repository = each.value.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Untagged images go after two weeks"
      selection = {
        tagStatus   = "untagged"
        countType   = "sinceImagePushed"
        countUnit   = "days"
        countNumber = 14
      }
      action = { type = "expire" }
    }]
  })
}

data "aws_iam_policy_document" "image_pull" {
  statement {
    sid     = "PullFromTheOrganisation"
    actions = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

    principals {
      type        = "AWS"
      identifiers = [local.account_root]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalOrgID"
      values   = [var.organization_id]
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
  model_package_group_description = "Approved by model risk before it is served"
}

data "aws_iam_policy_document" "model_packages" {
  statement {
    sid       = "ServingReads"
    actions   = ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"]
    resources = ["arn:aws:sagemaker:${var.region}:${var.account_id}:model-package/${var.platform}-card-fraud/*"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.serving.arn]
    }
  }
}

resource "aws_sagemaker_model_package_group_policy" "card_fraud" {
  model_package_group_name = aws_sagemaker_model_package_group.card_fraud.model_package_group_name
  resource_policy          = data.aws_iam_policy_document.model_packages.json
}
