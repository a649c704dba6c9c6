resource "aws_sagemaker_model" "chargeback" {
  name                     = "${var.platform}-chargeback"
  execution_role_arn       = aws_iam_role.serving.arn
  enable_network_isolation = true

  primary_container {
    image          = "${local.registry}/${var.platform}/serving@${var.image_digests["serving"]}"
    model_data_url = "s3://${module.bucket["models"].id}/approved/chargeback/2026-11-02/model.tar.gz"
  }

  vpc_config {
    subnets            = [for subnet in aws_subnet.private : subnet.id]
    security_group_ids = [aws_security_group.training.id]
  }
}

resource "aws_sagemaker_endpoint_configuration" "chargeback" {
  name_prefix = "${var.platform}-chargeback-"
  kms_key_arn = aws_kms_key.platform["lake"].arn

  production_variants {
    variant_name           = "champion"
    model_name             = aws_sagemaker_model.chargeback.name
    instance_type          = "ml.c6i.xlarge"
    initial_instance_count = 2
  }

  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = var.capture_percentage
    destination_s3_uri          = "s3://${module.bucket["predictions"].id}/chargeback/"
    kms_key_id                  = aws_kms_key.platform["lake"].arn

    capture_options {
      capture_mode = "Input"
    }

    capture_options {
      capture_mode = "Output"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "chargeback" {
  name                 = "${var.platform}-chargeback"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.chargeback.name

  deployment_config {
    blue_green_update_policy {
      traffic_routing_configuration {
        type                     = "CANARY"
        wait_interval_in_seconds = 600

        canary_size {
          type  = "CAPACITY_PERCENT"
          value = 50
        }
      }
    }

    auto_rollback_configuration {
      alarms {
        alarm_name = aws_cloudwatch_metric_alarm.endpoint_errors.alarm_name
      }
    }
  }
}

data "aws_iam_policy_document" "serving" {
  statement {
    sid       = "ReadApprovedModels"
    actions   = ["s3:GetObject"]
    resources = ["${module.bucket["models"].arn}/approved/*"]
  }

  statement {
    sid       = "Capture"
    actions   = ["s3:PutObject"]
    resources = ["${module.bucket["predictions"].arn}/chargeback/*"]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.platform["lake"].arn]
  }

  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
    resources = [aws_ecr_repository.image["serving"].arn]
  }

  # This action knows no resources.
  statement {
    sid       = "LogIntoRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "serving" {
  name                 = "${var.platform}-serving"
  assume_role_policy   = data.aws_iam_policy_document.service_trust["sagemaker"].json
  permissions_boundary = aws_iam_policy.boundary.arn
}

resource "aws_iam_role_policy" "serving" {
  name   = "serve"
  role   = aws_iam_role.serving.id
  policy = data.aws_iam_policy_document.serving.json
}

# Partners' back offices ask about chargebacks here; the API signs in to the endpoint with a role of its own.
resource "aws_api_gateway_rest_api" "chargeback" {
  name                         = "${var.platform}-chargeback"
  disable_execute_api_endpoint = true

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_domain_name" "chargeback" {
  domain_name              = "chargeback.fraud.example.com"
  regional_certificate_arn = var.certificate_arn
  security_policy          = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_base_path_mapping" "chargeback" {
  api_id      = aws_api_gateway_rest_api.chargeback.id
  stage_name  = aws_api_gateway_stage.v1.stage_name
  domain_name = aws_api_gateway_domain_name.chargeback.domain_name
}

resource "aws_api_gateway_resource" "score" {
  rest_api_id = aws_api_gateway_rest_api.chargeback.id
  parent_id   = aws_api_gateway_rest_api.chargeback.root_resource_id
  path_part   = "score"
}

resource "aws_api_gateway_model" "score" {
  rest_api_id  = aws_api_gateway_rest_api.chargeback.id
  name         = "ScoreRequest"
  content_type = "application/json"

  schema = jsonencode({
    "$schema"            = "http://json-schema.org/draft-04/schema#"
    type                 = "object"
    additionalProperties = false
    required             = ["transaction_id", "amount_minor", "currency"]
    properties = {
      transaction_id = { type = "string", pattern = "^[A-Za-z0-9-]{8,64}$" }
      amount_minor   = { type = "integer", minimum = 0, maximum = 100000000 }
      currency       = { type = "string", pattern = "^[A-Z]{3}$" }
    }
  })
}

resource "aws_api_gateway_request_validator" "body" {
  rest_api_id           = aws_api_gateway_rest_api.chargeback.id
  name                  = "body"
  validate_request_body = true
}

resource "aws_api_gateway_method" "score" {
  rest_api_id          = aws_api_gateway_rest_api.chargeback.id
  resource_id          = aws_api_gateway_resource.score.id
  http_method          = "POST"
  authorization        = "AWS_IAM"
  request_validator_id = aws_api_gateway_request_validator.body.id
  request_models       = { "application/json" = aws_api_gateway_model.score.name }
}

resource "aws_api_gateway_integration" "score" {
  rest_api_id             = aws_api_gateway_rest_api.chargeback.id
  resource_id             = aws_api_gateway_resource.score.id
  http_method             = aws_api_gateway_method.score.http_method
  type                    = "AWS"
  integration_http_method = "POST"
  credentials             = aws_iam_role.api.arn
  uri                     = "arn:aws:apigateway:${var.region}:runtime.sagemaker:path/endpoints/${aws_sagemaker_endpoint.chargeback.name}/invocations"
}

resource "aws_api_gateway_deployment" "chargeback" {
  rest_api_id = aws_api_gateway_rest_api.chargeback.id

  triggers = {
    redeployment = sha1(jsonencode([aws_api_gateway_method.score, aws_api_gateway_integration.score]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "v1" {
  rest_api_id          = aws_api_gateway_rest_api.chargeback.id
  deployment_id        = aws_api_gateway_deployment.chargeback.id
  stage_name           = "v1"
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.platform["api"].arn
    format = jsonencode({
      request = "$context.requestId"
      caller  = "$context.identity.userArn"
      source  = "$context.identity.sourceIp"
      status  = "$context.status"
    })
  }
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.chargeback.id
  stage_name  = aws_api_gateway_stage.v1.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    logging_level          = "INFO"
    data_trace_enabled     = false
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
    caching_enabled        = false
  }
}

resource "aws_iam_role" "api" {
  name               = "${var.platform}-api"
  assume_role_policy = data.aws_iam_policy_document.service_trust["apigateway"].json
}

resource "aws_iam_role_policy" "api" {
  name = "invoke"
  role = aws_iam_role.api.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "sagemaker:InvokeEndpoint"
      Resource = aws_sagemaker_endpoint.chargeback.arn
    }]
  })
}

# Authorisations are scored in the cluster (kubernetes/scoring.yaml), behind this load balancer.
resource "aws_lb" "scoring" {
  name                       = "${var.platform}-scoring"
  load_balancer_type         = "application"
  internal                   = false
  security_groups            = [aws_security_group.scoring_lb.id]
  subnets                    = [for subnet in aws_subnet.public : subnet.id]
  drop_invalid_header_fields = true
  enable_deletion_protection = true

  access_logs {
    enabled = true
    bucket  = aws_s3_bucket.access_logs.id
    prefix  = "lb"
  }
}

resource "aws_lb_target_group" "scoring" {
  name        = "${var.platform}-scoring"
  vpc_id      = aws_vpc.this.id
  target_type = "ip"
  protocol    = "HTTPS"
  port        = 8443

  health_check {
    protocol = "HTTPS"
    path     = "/healthz/ready"
  }
}

resource "aws_lb_listener" "scoring" {
  load_balancer_arn = aws_lb.scoring.arn
  protocol          = "HTTPS"
  port              = 443
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.scoring.arn
  }
}

resource "aws_wafv2_web_acl" "scoring" {
  name  = "${var.platform}-scoring"
  scope = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "rate"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit              = 6000
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "rate"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "known-bad-inputs"
    priority = 2

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
        vendor_name = "AWS"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "known-bad-inputs"
      sampled_requests_enabled   = false
    }
  }

  dynamic "rule" {
    for_each = ["AWSManagedRulesCommonRuleSet", "AWSManagedRulesAmazonIpReputationList"]

    content {
      name     = rule.value
      priority = 10 + rule.key

      override_action {
        none {}
      }

      statement {
        managed_rule_group_statement {
          name        = rule.value
          vendor_name = "AWS"
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        metric_name                = rule.value
        sampled_requests_enabled   = false
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = "scoring"
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "lb" {
  resource_arn = aws_lb.scoring.arn
  web_acl_arn  = aws_wafv2_web_acl.scoring.arn
}

resource "aws_wafv2_web_acl_association" "api" {
  resource_arn = aws_api_gateway_stage.v1.arn
  web_acl_arn  = aws_wafv2_web_acl.scoring.arn
}

resource "aws_wafv2_web_acl_logging_configuration" "scoring" {
  resource_arn            = aws_wafv2_web_acl.scoring.arn
  log_destination_configs = [aws_cloudwatch_log_group.platform["waf"].arn]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }
}
