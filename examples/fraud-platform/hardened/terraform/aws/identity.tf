locals {
  # Services that assume a role of ours, and whether they name the account on whose behalf they act.
  trusted_services = {
    "sagemaker"      = true
    "bedrock"        = true
    "vpc-flow-logs"  = true
    "apigateway"     = true
    "cloudtrail"     = true
    "monitoring.rds" = true
    "ec2"            = false
    "eks"            = false
  }

  # What a person may do follows from the job.
  job_functions = {
    data-scientist = { hours = 8, policy = data.aws_iam_policy_document.data_scientist.json }
    ml-engineer    = { hours = 8, policy = data.aws_iam_policy_document.ml_engineer.json }
    model-risk     = { hours = 4, policy = data.aws_iam_policy_document.model_risk.json }
  }

  # Service accounts of the cluster, and what they may do.
  workloads = {
    ml-train = { namespace = "fraud-training", policy = data.aws_iam_policy_document.ml_train.json }
    ml-serve = { namespace = "fraud-serving", policy = data.aws_iam_policy_document.ml_serve.json }
    mlflow   = { namespace = "fraud-training", policy = data.aws_iam_policy_document.mlflow.json }

    feature-cache = { namespace = "fraud-serving", policy = data.aws_iam_policy_document.feature_cache.json }
  }

  cluster_issuer = replace(aws_iam_openid_connect_provider.cluster.url, "https://", "")
}

data "aws_iam_policy_document" "service_trust" {
  for_each = local.trusted_services

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.key}.amazonaws.com"]
    }

    dynamic "condition" {
      for_each = each.value ? ["aws:SourceAccount"] : []

      content {
        test     = "StringEquals"
        variable = condition.value
        values   = [var.account_id]
      }
    }
  }
}

# No role of the platform can do more than this, whatever policy somebody attaches.
data "aws_iam_policy_document" "boundary" {
  statement {
    sid = "Platform"
    actions = [
      "s3:GetObject", "s3:PutObject", "s3:ListBucket", "kms:Decrypt", "kms:GenerateDataKey",
      "secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:PutItem", "elasticache:Connect", "rds-db:connect",
      "bedrock:InvokeModel", "bedrock:ApplyGuardrail", "sagemaker:CreateModelPackage", "sagemaker:StartPipelineExecution",
      "sagemaker:DescribePipelineExecution", "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob",
      "sagemaker:StopTrainingJob", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability",
      "logs:CreateLogStream", "logs:PutLogEvents",
    ]
    resources = [
      "arn:aws:s3:::${var.platform}-*",
      "arn:aws:kms:${var.region}:${var.account_id}:key/*",
      "arn:aws:secretsmanager:${var.region}:${var.account_id}:secret:${var.platform}/*",
      "arn:aws:dynamodb:${var.region}:${var.account_id}:table/${var.platform}-*",
      "arn:aws:elasticache:${var.region}:${var.account_id}:*:${var.platform}-*",
      "arn:aws:rds-db:${var.region}:${var.account_id}:dbuser:*/feast_*",
      "arn:aws:bedrock:${var.region}::foundation-model/*",
      "arn:aws:bedrock:${var.region}:${var.account_id}:guardrail/*",
      "arn:aws:sagemaker:${var.region}:${var.account_id}:*/${var.platform}-*",
      "arn:aws:ecr:${var.region}:${var.account_id}:repository/${var.platform}/*",
      "arn:aws:logs:${var.region}:${var.account_id}:log-group:*",
    ]
  }

  statement {
    sid       = "RegistryLogin"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "TrainingPassesItself"
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::${var.account_id}:role/${var.platform}-training-job"]
  }

  statement {
    sid       = "SessionManagerAgent"
    actions   = ["ssm:UpdateInstanceInformation"]
    resources = ["arn:aws:ec2:${var.region}:${var.account_id}:instance/*"]
  }

  # These actions know no resources.
  statement {
    sid = "SessionManagerChannels"
    actions = [
      "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  name   = "${var.platform}-boundary"
  policy = data.aws_iam_policy_document.boundary.json
}

# People come from the company's identity provider, with a second factor, and for hours.
data "aws_iam_policy_document" "people_trust" {
  statement {
    actions = ["sts:AssumeRoleWithSAML", "sts:TagSession"]

    principals {
      type        = "Federated"
      identifiers = ["arn:aws:iam::${var.account_id}:saml-provider/example-sso"]
    }

    condition {
      test     = "StringEquals"
      variable = "SAML:aud"
      values   = ["https://signin.aws.amazon.com/saml"]
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
    sid       = "OwnStudio"
    actions   = ["sagemaker:CreatePresignedDomainUrl", "sagemaker:DescribeUserProfile"]
    resources = ["arn:aws:sagemaker:${var.region}:${var.account_id}:user-profile/*/$${aws:PrincipalTag/user}"]
  }

  statement {
    sid       = "SeeRuns"
    actions   = ["sagemaker:DescribePipelineExecution", "sagemaker:ListPipelineExecutions"]
    resources = [aws_sagemaker_pipeline.retrain.arn, "${aws_sagemaker_pipeline.retrain.arn}/execution/*"]
  }
}

data "aws_iam_policy_document" "ml_engineer" {
  statement {
    sid       = "Pipelines"
    actions   = ["sagemaker:StartPipelineExecution", "sagemaker:DescribePipelineExecution", "sagemaker:StopPipelineExecution"]
    resources = [aws_sagemaker_pipeline.retrain.arn, "${aws_sagemaker_pipeline.retrain.arn}/execution/*"]
  }

  statement {
    sid       = "RollOut"
    actions   = ["sagemaker:UpdateEndpoint", "sagemaker:DescribeEndpoint"]
    resources = [aws_sagemaker_endpoint.chargeback.arn]
  }

  statement {
    sid       = "GpuBox"
    actions   = ["ssm:StartSession"]
    resources = concat([for box in aws_instance.gpu_box : box.arn], ["arn:aws:ssm:${var.region}::document/AWS-StartPortForwardingSession"])
  }
}

# Who approves a model does not train one.
data "aws_iam_policy_document" "model_risk" {
  statement {
    sid       = "Approve"
    actions   = ["sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"]
    resources = ["arn:aws:sagemaker:${var.region}:${var.account_id}:model-package/${var.platform}-card-fraud/*"]
  }

  statement {
    sid       = "ReadCaptures"
    actions   = ["s3:GetObject"]
    resources = ["${module.bucket["predictions"].arn}/*"]
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

    condition {
      test     = "StringEquals"
      variable = "${local.cluster_issuer}:sub"
      values   = ["system:serviceaccount:${each.value.namespace}:${each.key}"]
    }

    condition {
      test     = "StringEquals"
      variable = "${local.cluster_issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "workload" {
  for_each = local.workloads

  name                 = each.key
  assume_role_policy   = data.aws_iam_policy_document.workload_trust[each.key].json
  permissions_boundary = aws_iam_policy.boundary.arn
}

resource "aws_iam_role_policy" "workload" {
  for_each = local.workloads

  name   = each.key
  role   = aws_iam_role.workload[each.key].id
  policy = each.value.policy
}

data "aws_iam_policy_document" "ml_train" {
  statement {
    sid       = "ReadTrainingData"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [aws_s3_bucket.training_data.arn, "${aws_s3_bucket.training_data.arn}/labelled/*"]
  }

  statement {
    sid       = "WriteCandidates"
    actions   = ["s3:PutObject"]
    resources = ["${module.bucket["models"].arn}/candidates/*"]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.platform["lake"].arn]
  }
}

data "aws_iam_policy_document" "ml_serve" {
  statement {
    sid       = "ReadApprovedModels"
    actions   = ["s3:GetObject"]
    resources = ["${module.bucket["models"].arn}/approved/*"]
  }

  statement {
    sid       = "Decide"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [aws_dynamodb_table.decisions.arn]
  }

  statement {
    sid       = "OnlineFeatures"
    actions   = ["elasticache:Connect"]
    resources = [aws_elasticache_replication_group.online.arn, aws_elasticache_user.scorer.arn]
  }

  statement {
    sid       = "UseKeys"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.platform["lake"].arn, aws_kms_key.platform["data"].arn]
  }
}

data "aws_iam_policy_document" "mlflow" {
  statement {
    sid       = "Artefacts"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${module.bucket["models"].arn}/mlflow/*"]
  }

  statement {
    sid       = "UseKeys"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.platform["lake"].arn, aws_kms_key.platform["data"].arn]
  }

  statement {
    sid       = "OwnSecrets"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.platform["mlflow"].arn]
  }
}

data "aws_iam_policy_document" "feature_cache" {
  statement {
    sid       = "OwnSecret"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.platform["feature-cache"].arn]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.platform["data"].arn]
  }
}

# The delivery pipeline signs in with GitHub's token: this repository, its production environment, nothing else.
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

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:example-org/fraud-platform:environment:production"]
    }
  }
}

resource "aws_iam_role" "ci" {
  name                 = "${var.platform}-ci"
  assume_role_policy   = data.aws_iam_policy_document.ci_trust.json
  max_session_duration = 3600
}

data "aws_iam_policy_document" "ci" {
  statement {
    sid = "PushImages"
    actions = [
      "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload",
      "ecr:PutImage", "ecr:BatchGetImage",
    ]
    resources = [for repository in aws_ecr_repository.image : repository.arn]
  }

  # This action knows no resources.
  statement {
    sid       = "LogIntoRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "UpdatePipeline"
    actions   = ["sagemaker:UpdatePipeline"]
    resources = [aws_sagemaker_pipeline.retrain.arn]
  }
}

resource "aws_iam_role_policy" "ci" {
  name   = "deliver"
  role   = aws_iam_role.ci.id
  policy = data.aws_iam_policy_document.ci.json
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length        = 16
  require_lowercase_characters   = true
  require_uppercase_characters   = true
  require_numbers                = true
  require_symbols                = true
  password_reuse_prevention      = 24
  max_password_age               = 90
  allow_users_to_change_password = true
}

resource "aws_accessanalyzer_analyzer" "this" {
  analyzer_name = var.platform
  type          = "ACCOUNT"
}
