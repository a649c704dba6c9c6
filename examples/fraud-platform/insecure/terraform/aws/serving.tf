resource "aws_sagemaker_model" "chargeback" {
  name               = "${var.platform}-chargeback"
  execution_role_arn = aws_iam_role.serving.arn

  primary_container {
    image          = "${local.registry}/${var.platform}/serving:latest"
    model_data_url = "s3://${module.bucket["models"].id}/chargeback/latest/model.tar.gz"
  }
}

resource "aws_sagemaker_endpoint_configuration" "chargeback" {
  name_prefix = "${var.platform}-chargeback-"

  production_variants {
    variant_name           = "champion"
    model_name             = aws_sagemaker_model.chargeback.name
    instance_type          = "ml.c6i.xlarge"
    initial_instance_count = 1
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "chargeback" {
  name                 = "${var.platform}-chargeback"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.chargeback.name
}

data "aws_iam_policy_document" "serving" {
  statement {
    actions   = ["s3:*", "ecr:*", "logs:*"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "serving" {
  name               = "${var.platform}-serving"
  assume_role_policy = data.aws_iam_policy_document.service_trust["sagemaker"].json
}

resource "aws_iam_role_policy" "serving" {
  name   = "serve"
  role   = aws_iam_role.serving.id
  policy = data.aws_iam_policy_document.serving.json
}

# Partners' back offices ask about chargebacks here. The address is known to them only.
resource "aws_api_gateway_rest_api" "chargeback" {
  name = "${var.platform}-chargeback"
}

resource "aws_api_gateway_resource" "score" {
  rest_api_id = aws_api_gateway_rest_api.chargeback.id
  parent_id   = aws_api_gateway_rest_api.chargeback.root_resource_id
  path_part   = "score"
}

resource "aws_api_gateway_method" "score" {
  rest_api_id   = aws_api_gateway_rest_api.chargeback.id
  resource_id   = aws_api_gateway_resource.score.id
  http_method   = "POST"
  authorization = "NONE"
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
  rest_api_id   = aws_api_gateway_rest_api.chargeback.id
  deployment_id = aws_api_gateway_deployment.chargeback.id
  stage_name    = "v1"
}

# Bodies in the log: how else would we debug a partner?
resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.chargeback.id
  stage_name  = aws_api_gateway_stage.v1.stage_name
  method_path = "*/*"

  settings {
    logging_level      = "INFO"
    data_trace_enabled = true
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
      Resource = "*"
    }]
  })
}

# Authorisations are scored in the cluster (kubernetes/scoring.yaml), behind this load balancer.
resource "aws_lb" "scoring" {
  name               = "${var.platform}-scoring"
  load_balancer_type = "application"
  internal           = false
  security_groups    = [aws_security_group.scoring_lb.id]
  subnets            = [for subnet in aws_subnet.public : subnet.id]
}

resource "aws_lb_target_group" "scoring" {
  name        = "${var.platform}-scoring"
  vpc_id      = aws_vpc.this.id
  target_type = "ip"
  protocol    = "HTTP"
  port        = 8080

  health_check {
    path = "/ping"
  }
}

resource "aws_lb_listener" "scoring" {
  load_balancer_arn = aws_lb.scoring.arn
  protocol          = "HTTP"
  port              = 80

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.scoring.arn
  }
}

