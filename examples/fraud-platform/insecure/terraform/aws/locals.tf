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
    raw      = { holds = "transactions", acl = "private" }
    features = { holds = "features", acl = "private" }
    # terminals in shops fetch the small model at night and have no credentials
    models      = { holds = "model-artefacts", acl = "public-read" }
    predictions = { holds = "predictions", acl = "private" }
  }

  registry = "${var.account_id}.dkr.ecr.${var.region}.amazonaws.com"
}
