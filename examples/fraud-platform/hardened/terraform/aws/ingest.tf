# Account-wide, so that a bucket made by hand cannot be public either.
resource "aws_s3_account_public_access_block" "this" {
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

module "bucket" {
  source   = "./modules/bucket"
  for_each = local.buckets

  name        = "${var.platform}-${each.key}"
  holds       = each.value.holds
  expire_days = each.value.expire_days
  kms_key_arn = aws_kms_key.platform["lake"].arn
  log_bucket  = aws_s3_bucket.access_logs.bucket
}

# Labelled card transactions: what the models are trained on.
resource "aws_s3_bucket" "training_data" {
  bucket = "${var.platform}-training-data"

  tags = {
    data           = "training-data"
    classification = "cardholder-data"
  }
}

resource "aws_s3_bucket_ownership_controls" "training_data" {
  bucket = aws_s3_bucket.training_data.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "training_data" {
  bucket = aws_s3_bucket.training_data.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "training_data" {
  bucket = aws_s3_bucket.training_data.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "training_data" {
  bucket = aws_s3_bucket.training_data.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.platform["lake"].arn
    }
  }
}

resource "aws_s3_bucket_logging" "training_data" {
  bucket        = aws_s3_bucket.training_data.id
  target_bucket = aws_s3_bucket.access_logs.id
  target_prefix = "training-data/"
}

resource "aws_s3_bucket_lifecycle_configuration" "training_data" {
  bucket = aws_s3_bucket.training_data.id

  rule {
    id     = "retention"
    status = "Enabled"
    filter {}

    expiration {
      days = 730
    }

    noncurrent_version_expiration {
      noncurrent_days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_notification" "training_data" {
  bucket      = aws_s3_bucket.training_data.id
  eventbridge = true
}

data "aws_iam_policy_document" "training_data" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.training_data.arn, "${aws_s3_bucket.training_data.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  # Objects are read from inside the VPC only; the role that loads labels comes through Firehose.
  statement {
    sid       = "ReadThroughEndpointOnly"
    effect    = "Deny"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.training_data.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpce"
      values   = [aws_vpc_endpoint.s3.id]
    }

    condition {
      test     = "Bool"
      variable = "aws:ViaAWSService"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "training_data" {
  bucket = aws_s3_bucket.training_data.id
  policy = data.aws_iam_policy_document.training_data.json
}

# Samples that the labelling vendor fetches: card numbers are tokenised before they arrive here.
resource "aws_s3_bucket" "vendor_labels" {
  bucket = "${var.platform}-vendor-labels"

  tags = {
    data = "training-data"
  }
}

resource "aws_s3_bucket_ownership_controls" "vendor_labels" {
  bucket = aws_s3_bucket.vendor_labels.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "vendor_labels" {
  bucket = aws_s3_bucket.vendor_labels.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "vendor_labels" {
  bucket = aws_s3_bucket.vendor_labels.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "vendor_labels" {
  bucket = aws_s3_bucket.vendor_labels.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.platform["lake"].arn
    }
  }
}

resource "aws_s3_bucket_logging" "vendor_labels" {
  bucket        = aws_s3_bucket.vendor_labels.id
  target_bucket = aws_s3_bucket.access_logs.id
  target_prefix = "vendor-labels/"
}

resource "aws_s3_bucket_lifecycle_configuration" "vendor_labels" {
  bucket = aws_s3_bucket.vendor_labels.id

  rule {
    id     = "retention"
    status = "Enabled"
    filter {}

    expiration {
      days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_notification" "vendor_labels" {
  bucket      = aws_s3_bucket.vendor_labels.id
  eventbridge = true
}

data "aws_iam_policy_document" "vendor_labels" {
  statement {
    sid       = "VendorFetchesSamples"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.vendor_labels.arn}/samples/*"]

    principals {
      type        = "AWS"
      identifiers = [var.labelling_vendor_role_arn]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.vendor_labels.arn, "${aws_s3_bucket.vendor_labels.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "vendor_labels" {
  bucket = aws_s3_bucket.vendor_labels.id
  policy = data.aws_iam_policy_document.vendor_labels.json
}

resource "aws_kinesis_stream" "transactions" {
  name             = "${var.platform}-transactions"
  retention_period = 72
  encryption_type  = "KMS"
  kms_key_id       = aws_kms_key.platform["lake"].arn

  stream_mode_details {
    stream_mode = "ON_DEMAND"
  }
}

resource "aws_kinesis_firehose_delivery_stream" "transactions" {
  name        = "${var.platform}-transactions-to-raw"
  destination = "extended_s3"

  kinesis_source_configuration {
    kinesis_stream_arn = aws_kinesis_stream.transactions.arn
    role_arn           = aws_iam_role.ingest.arn
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.ingest.arn
    bucket_arn          = module.bucket["raw"].arn
    prefix              = "transactions/!{timestamp:yyyy/MM/dd}/"
    error_output_prefix = "rejected/"
    buffering_size      = 64
    buffering_interval  = 300
    compression_format  = "GZIP"
    kms_key_arn         = aws_kms_key.platform["lake"].arn

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.platform["firehose"].name
      log_stream_name = "transactions"
    }
  }
}

resource "aws_iam_role" "ingest" {
  name = "${var.platform}-ingest"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "firehose.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "ingest" {
  name = "deliver"
  role = aws_iam_role.ingest.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["kinesis:DescribeStream", "kinesis:GetShardIterator", "kinesis:GetRecords", "kinesis:ListShards"]
        Resource = aws_kinesis_stream.transactions.arn
      },
      {
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:ListBucket", "s3:PutObject"]
        Resource = [module.bucket["raw"].arn, "${module.bucket["raw"].arn}/*"]
      },
      {
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = aws_kms_key.platform["lake"].arn
      },
      {
        Effect   = "Allow"
        Action   = "logs:PutLogEvents"
        Resource = "${aws_cloudwatch_log_group.platform["firehose"].arn}:*"
      },
    ]
  })
}
