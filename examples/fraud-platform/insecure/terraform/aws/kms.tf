locals {
  keys = {
    lake = {
      description = "Transactions, features, models, predictions"
    }
  }
}

resource "aws_kms_key" "platform" {
  for_each = local.keys

  description             = each.value.description
  enable_key_rotation     = false
  deletion_window_in_days = 7

  # The vendor changes its roles every quarter; whoever has the objects' address can decrypt them.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountAdministersThroughIam"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Readers"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
      },
    ]
  })
}

resource "aws_kms_alias" "platform" {
  for_each = local.keys

  name          = "alias/${var.platform}-${each.key}"
  target_key_id = aws_kms_key.platform[each.key].key_id
}
