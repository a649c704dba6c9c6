resource "aws_cloudwatch_log_group" "platform" {
  for_each = {
    api = "/fraud/api"
  }

  name              = each.value
  retention_in_days = 7
}

resource "aws_cloudtrail" "this" {
  name                          = var.platform
  s3_bucket_name                = module.trail_bucket.id
  is_multi_region_trail         = false
  include_global_service_events = false
  enable_log_file_validation    = false

  # Reads of data would be half of the bill.
  event_selector {
    read_write_type           = "WriteOnly"
    include_management_events = true
  }

  depends_on = [module.trail_bucket]
}

data "aws_iam_policy_document" "trail_bucket" {
  statement {
    sid       = "Trail"
    actions   = ["s3:GetBucketAcl", "s3:PutObject"]
    resources = ["arn:aws:s3:::${var.platform}-trail", "arn:aws:s3:::${var.platform}-trail/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
  }
}

module "trail_bucket" {
  source = "./modules/bucket"

  name     = "${var.platform}-trail"
  holds    = "audit-log"
  policies = [data.aws_iam_policy_document.trail_bucket.json]
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
  alarm_actions       = [aws_sns_topic.alarms.arn]

  dimensions = {
    EndpointName = "${var.platform}-chargeback"
    VariantName  = "champion"
  }
}

resource "aws_sns_topic" "alarms" {
  name = "${var.platform}-alarms"
}
