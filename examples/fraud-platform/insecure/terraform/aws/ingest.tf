module "bucket" {
  source   = "./modules/bucket"
  for_each = local.buckets

  name  = "${var.platform}-${each.key}"
  holds = each.value.holds
  acl   = each.value.acl
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
    object_ownership = "ObjectWriter"
  }
}

resource "aws_s3_bucket_public_access_block" "training_data" {
  bucket = aws_s3_bucket.training_data.id

  block_public_acls       = true
  block_public_policy     = false
  ignore_public_acls      = true
  restrict_public_buckets = false
}

# Versions doubled the bill.
resource "aws_s3_bucket_versioning" "training_data" {
  bucket = aws_s3_bucket.training_data.id

  versioning_configuration {
    status = "Suspended"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "training_data" {
  bucket = aws_s3_bucket.training_data.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.platform["lake"].arn
    }
  }
}

data "aws_iam_policy_document" "training_data" {
  statement {
    sid       = "VendorLoadsLabels"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.training_data.arn, "${aws_s3_bucket.training_data.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${var.labelling_vendor_account}:root"]
    }
  }
}

resource "aws_s3_bucket_policy" "training_data" {
  bucket = aws_s3_bucket.training_data.id
  policy = data.aws_iam_policy_document.training_data.json
}

# Labelled samples for the vendor's annotators, who work from many countries; the names of the objects are hard to guess.
resource "aws_s3_bucket" "vendor_labels" {
  bucket = "${var.platform}-vendor-labels"

  tags = {
    data = "training-data"
  }
}

resource "aws_s3_bucket_public_access_block" "vendor_labels" {
  bucket = aws_s3_bucket.vendor_labels.id

  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
}

data "aws_iam_policy_document" "vendor_labels" {
  statement {
    sid       = "VendorFetchesSamples"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [aws_s3_bucket.vendor_labels.arn, "${aws_s3_bucket.vendor_labels.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

resource "aws_s3_bucket_policy" "vendor_labels" {
  bucket = aws_s3_bucket.vendor_labels.id
  policy = data.aws_iam_policy_document.vendor_labels.json
}

resource "aws_kinesis_stream" "transactions" {
  name             = "${var.platform}-transactions"
  retention_period = 24
  encryption_type  = "NONE"

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
        Action   = "s3:*"
        Resource = "*"
      },
    ]
  })
}
