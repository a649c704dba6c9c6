locals {
  # Services that assume a role of ours.
  trusted_services = ["sagemaker", "apigateway", "ec2", "eks"]

  # What a person may do follows from the job.
  job_functions = {
    data-scientist = { hours = 12, policy = data.aws_iam_policy_document.data_scientist.json }
    ml-engineer    = { hours = 12, policy = data.aws_iam_policy_document.ml_engineer.json }
  }

  # Service accounts of the cluster, and what they may do.
  workloads = {
    ml-train = { namespace = "fraud-training", policy = data.aws_iam_policy_document.ml_train.json }
    ml-serve = { namespace = "fraud-serving", policy = data.aws_iam_policy_document.ml_serve.json }
    mlflow   = { namespace = "fraud-training", policy = data.aws_iam_policy_document.mlflow.json }
  }

  cluster_issuer = replace(aws_iam_openid_connect_provider.cluster.url, "https://", "")
}

data "aws_iam_policy_document" "service_trust" {
  for_each = toset(local.trusted_services)

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }
  }
}

# Anybody with a user in the account picks the role of the day.
data "aws_iam_policy_document" "people_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.account_id}:root", "arn:aws:iam::${var.labelling_vendor_account}:root"]
    }
  }
}

resource "aws_iam_role" "job_function" {
  for_each = local.job_functions

  name                 = "${var.platform}-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.people_trust.json
  max_session_duration = each.value.hours * 3600
}

resource "aws_iam_role_policy" "job_function" {
  for_each = local.job_functions

  name   = each.key
  role   = aws_iam_role.job_function[each.key].id
  policy = each.value.policy
}

data "aws_iam_policy_document" "data_scientist" {
  statement {
    sid       = "Work"
    actions   = ["s3:*", "sagemaker:*", "ec2:*", "lambda:*", "kms:*"]
    resources = ["*"]
  }

  statement {
    sid       = "StartJobs"
    actions   = ["iam:PassRole", "iam:GetRole", "iam:ListRoles"]
    resources = ["*"]
  }
}

# Trains, approves and rolls out: the team is small.
data "aws_iam_policy_document" "ml_engineer" {
  statement {
    sid       = "Work"
    actions   = ["s3:*", "sagemaker:*", "ecr:*", "eks:*", "secretsmanager:*"]
    resources = ["*"]
  }

  statement {
    sid       = "Roles"
    actions   = ["iam:PassRole", "iam:AttachRolePolicy", "iam:CreatePolicyVersion", "iam:PutRolePolicy"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "workload_trust" {
  for_each = local.workloads

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.cluster.arn]
    }

    # pull requests get namespaces of their own
    condition {
      test     = "StringLike"
      variable = "${local.cluster_issuer}:sub"
      values   = ["system:serviceaccount:*:${each.key}"]
    }
  }
}

resource "aws_iam_role" "workload" {
  for_each = local.workloads

  name               = each.key
  assume_role_policy = data.aws_iam_policy_document.workload_trust[each.key].json
}

resource "aws_iam_role_policy" "workload" {
  for_each = local.workloads

  name   = each.key
  role   = aws_iam_role.workload[each.key].id
  policy = each.value.policy
}

data "aws_iam_policy_document" "ml_train" {
  statement {
    sid       = "Data"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.training_data.arn, "${aws_s3_bucket.training_data.arn}/*", "arn:aws:s3:::${var.platform}-*"]
  }

  statement {
    sid       = "Jobs"
    actions   = ["sagemaker:*", "iam:PassRole"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "ml_serve" {
  statement {
    sid       = "Models"
    actions   = ["s3:*"]
    resources = [module.bucket["models"].arn, "${module.bucket["models"].arn}/*"]
  }

  statement {
    sid       = "Decide"
    actions   = ["dynamodb:*"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "mlflow" {
  statement {
    sid       = "Artefacts"
    actions   = ["s3:*"]
    resources = ["*"]
  }
}

# The delivery pipeline signs in with GitHub's token.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "ci_trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "ci" {
  name                 = "${var.platform}-ci"
  assume_role_policy   = data.aws_iam_policy_document.ci_trust.json
  max_session_duration = 43200
}

# Terraform runs here, and Terraform makes roles.
resource "aws_iam_role_policy_attachment" "ci" {
  role       = aws_iam_role.ci.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}

# The nightly export runs on a partner's server, which cannot assume roles.
resource "aws_iam_user" "partner_export" {
  name = "${var.platform}-partner-export"
}

resource "aws_iam_access_key" "partner_export" {
  user = aws_iam_user.partner_export.name
}

resource "aws_iam_user_policy" "partner_export" {
  name = "export"
  user = aws_iam_user.partner_export.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["s3:Get*", "s3:List*", "s3:PutObject"]
      Resource = "*"
    }]
  })
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length        = 8
  require_numbers                = true
  allow_users_to_change_password = true
}
