locals {
  tags = merge(var.extra_tags, {
    platform    = var.platform
    environment = var.environment
    owner       = "ml-platform@example.com"
  })

  subnets = {
    for index, az in var.azs : az => {
      public  = cidrsubnet(var.vpc_cidr, 8, index)
      private = cidrsubnet(var.vpc_cidr, 6, index + 4)
      data    = cidrsubnet(var.vpc_cidr, 8, index + 240)
    }
  }

  # Everything the platform keeps except the two buckets that have rules of their own (ingest.tf).
  buckets = {
    raw         = { holds = "transactions", expire_days = 400 }
    features    = { holds = "features", expire_days = 400 }
    models      = { holds = "model-artefacts", expire_days = null }
    predictions = { holds = "predictions", expire_days = 730 }
  }

  registry = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com"

  account_root = "arn:aws:iam::${var.account_id}:root"
  trail_arn    = "arn:aws:cloudtrail:${var.region}:${var.account_id}:trail/${var.platform}"

  notify_arn = var.alarm_topic_arn == null ? aws_sns_topic.alarms[0].arn : var.alarm_topic_arn
}
