locals {
  keys = {
    lake = {
      description = "Transactions, features, models, predictions"
      services    = ["firehose.amazonaws.com"]
    }
    data = {
      description = "Databases and secrets"
      services    = ["es.amazonaws.com"]
    }
    audit = {
      description = "Trails, logs, alarms"
      services    = ["cloudtrail.amazonaws.com", "logs.${var.region}.amazonaws.com", "cloudwatch.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "platform" {
  for_each = local.keys

  description             = each.value.description
  enable_key_rotation     = true
  deletion_window_in_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountAdministersThroughIam"
        Effect    = "Allow"
        Principal = { AWS = local.account_root }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "ServicesForThisAccount"
        Effect    = "Allow"
        Principal = { Service = each.value.services }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey", "kms:Encrypt", "kms:ReEncrypt*"]
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = var.account_id }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "platform" {
  for_each = local.keys

  name          = "alias/${var.platform}-${each.key}"
  target_key_id = aws_kms_key.platform[each.key].key_id
}
