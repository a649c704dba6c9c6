locals {
  secrets = {
    mlflow        = "Admin password and session key of the tracking server"
    ray-token     = "Token that the Ray cluster asks for"
    partner-hmac  = "Key that signs callbacks to partners"
    feature-cache = "Users of the feature cache"
  }
}

# Values are put in by the rotation function, never by Terraform: its state would keep them.
resource "aws_secretsmanager_secret" "platform" {
  for_each = local.secrets

  name                    = "${var.platform}/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.platform["data"].arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_rotation" "platform" {
  for_each = local.secrets

  secret_id           = aws_secretsmanager_secret.platform[each.key].id
  rotation_lambda_arn = var.rotation_lambda_arn

  rotation_rules {
    automatically_after_days = 30
  }
}

data "aws_iam_policy_document" "secrets" {
  statement {
    sid       = "NobodyElse"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [var.account_id]
    }
  }
}

resource "aws_secretsmanager_secret_policy" "platform" {
  for_each = aws_secretsmanager_secret.platform

  secret_arn          = each.value.arn
  policy              = data.aws_iam_policy_document.secrets.json
  block_public_policy = true
}
