locals {
  # Log groups by purpose; services write to /aws/..., flow logs and the API to groups of their own name.
  log_groups = {
    trail      = "/fraud/trail"
    flow       = "/fraud/flow"
    firehose   = "/aws/kinesisfirehose/fraud-transactions"
    api        = "/fraud/api"
    bedrock    = "/fraud/bedrock"
    opensearch = "/aws/opensearch/fraud-vectors"
    waf        = "aws-waf-logs-fraud"
  }

  # What the alarms look for in the trail.
  watched = {
    root-login           = "{ $.userIdentity.type = \"Root\" && $.eventType != \"AwsServiceEvent\" }"
    trail-changed        = "{ ($.eventName = StopLogging) || ($.eventName = DeleteTrail) || ($.eventName = UpdateTrail) }"
    training-data-denied = "{ ($.eventSource = \"s3.amazonaws.com\") && ($.errorCode = \"AccessDenied\") && ($.requestParameters.bucketName = \"fraud-training-data\") }"
    presigned-notebook   = "{ ($.eventName = CreatePresignedDomainUrl) || ($.eventName = CreatePresignedNotebookInstanceUrl) }"
    capture-off          = "{ ($.eventName = CreateEndpointConfig) && ($.requestParameters.dataCaptureConfig NOT EXISTS) }"
  }
}

resource "aws_cloudwatch_log_group" "platform" {
  for_each = local.log_groups

  name              = each.value
  retention_in_days = 400
  kms_key_id        = aws_kms_key.platform["audit"].arn
}

# OpenSearch writes under its service's name, not under a role of ours.
resource "aws_cloudwatch_log_resource_policy" "opensearch" {
  policy_name = "${var.platform}-opensearch"

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "es.amazonaws.com" }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${aws_cloudwatch_log_group.platform["opensearch"].arn}:*"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
      }
    }]
  })
}

resource "aws_cloudtrail" "this" {
  name                          = var.platform
  s3_bucket_name                = module.trail_bucket.id
  is_multi_region_trail         = true
  include_global_service_events = true
  enable_log_file_validation    = true
  kms_key_id                    = aws_kms_key.platform["audit"].arn
  sns_topic_name                = aws_sns_topic.trail.name
  cloud_watch_logs_group_arn    = "${aws_cloudwatch_log_group.platform["trail"].arn}:*"
  cloud_watch_logs_role_arn     = aws_iam_role.trail.arn

  event_selector {
    read_write_type           = "All"
    include_management_events = true

    # Who read the training data, who replaced a model.
    data_resource {
      type = "AWS::S3::Object"
      values = concat(
        ["${aws_s3_bucket.training_data.arn}/", "${aws_s3_bucket.vendor_labels.arn}/"],
        [for bucket in module.bucket : "${bucket.arn}/"],
      )
    }

    data_resource {
      type   = "AWS::DynamoDB::Table"
      values = [aws_dynamodb_table.decisions.arn]
    }
  }

  depends_on = [module.trail_bucket]
}

data "aws_iam_policy_document" "trail_bucket" {
  statement {
    sid       = "TrailChecks"
    actions   = ["s3:GetBucketAcl"]
    resources = ["arn:aws:s3:::${var.platform}-trail"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  statement {
    sid       = "TrailWrites"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::${var.platform}-trail/AWSLogs/${var.account_id}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }
}

module "trail_bucket" {
  source = "./modules/bucket"

  name        = "${var.platform}-trail"
  holds       = "audit-log"
  expire_days = 2555
  kms_key_arn = aws_kms_key.platform["audit"].arn
  log_bucket  = aws_s3_bucket.access_logs.bucket
  policies    = [data.aws_iam_policy_document.trail_bucket.json]
}

resource "aws_iam_role" "trail" {
  name               = "${var.platform}-trail"
  assume_role_policy = data.aws_iam_policy_document.service_trust["cloudtrail"].json
}

resource "aws_iam_role_policy" "trail" {
  name = "write"
  role = aws_iam_role.trail.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.platform["trail"].arn}:*"
    }]
  })
}

# Access logs of buckets and load balancer; the latter cannot write to a bucket with a key of our own.
resource "aws_s3_bucket" "access_logs" {
  bucket = "${var.platform}-access-logs"

  tags = {
    data = "audit-log"
  }
}

resource "aws_s3_bucket_ownership_controls" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id

  rule {
    id     = "retention"
    status = "Enabled"
    filter {}

    expiration {
      days = 400
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_notification" "access_logs" {
  bucket      = aws_s3_bucket.access_logs.id
  eventbridge = true
}

data "aws_iam_policy_document" "access_logs" {
  statement {
    sid       = "ServicesWrite"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.access_logs.arn}/*"]

    principals {
      type        = "Service"
      identifiers = ["logging.s3.amazonaws.com", "logdelivery.elasticloadbalancing.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.access_logs.arn, "${aws_s3_bucket.access_logs.arn}/*"]

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

resource "aws_s3_bucket_policy" "access_logs" {
  bucket = aws_s3_bucket.access_logs.id
  policy = data.aws_iam_policy_document.access_logs.json
}

resource "aws_cloudwatch_log_metric_filter" "watched" {
  for_each = local.watched

  name           = each.key
  log_group_name = aws_cloudwatch_log_group.platform["trail"].name
  pattern        = each.value

  metric_transformation {
    namespace = "FraudPlatform/Audit"
    name      = each.key
    value     = "1"
  }
}

resource "aws_cloudwatch_metric_alarm" "watched" {
  for_each = local.watched

  alarm_name          = "${var.platform}-${each.key}"
  namespace           = "FraudPlatform/Audit"
  metric_name         = each.key
  statistic           = "Sum"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.notify_arn]
}

resource "aws_cloudwatch_metric_alarm" "endpoint_errors" {
  alarm_name          = "${var.platform}-chargeback-errors"
  namespace           = "AWS/SageMaker"
  metric_name         = "Invocation5XXErrors"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 10
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.notify_arn]

  dimensions = {
    EndpointName = "${var.platform}-chargeback"
    VariantName  = "champion"
  }
}

resource "aws_sns_topic" "alarms" {
  count = var.alarm_topic_arn == null ? 1 : 0

  name              = "${var.platform}-alarms"
  kms_master_key_id = aws_kms_key.platform["audit"].id
}

resource "aws_sns_topic" "trail" {
  name              = "${var.platform}-trail"
  kms_master_key_id = aws_kms_key.platform["audit"].id
}

resource "aws_sns_topic_policy" "trail" {
  arn = aws_sns_topic.trail.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudtrail.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.trail.arn
      Condition = {
        StringEquals = { "aws:SourceArn" = local.trail_arn }
      }
    }]
  })
}

resource "aws_guardduty_detector" "this" {
  enable = true
}

resource "aws_guardduty_detector_feature" "this" {
  for_each = toset(["S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "RUNTIME_MONITORING"])

  detector_id = aws_guardduty_detector.this.id
  name        = each.key
  status      = "ENABLED"
}
