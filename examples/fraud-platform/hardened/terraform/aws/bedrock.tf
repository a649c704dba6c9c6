resource "aws_bedrock_model_invocation_logging_configuration" "this" {
  count = var.enable_bedrock ? 1 : 0

  logging_config {
    text_data_delivery_enabled      = true
    embedding_data_delivery_enabled = true
    image_data_delivery_enabled     = true
    video_data_delivery_enabled     = true

    cloudwatch_config {
      log_group_name = aws_cloudwatch_log_group.platform["bedrock"].name
      role_arn       = aws_iam_role.bedrock_logs.arn
    }
  }
}

resource "aws_iam_role" "bedrock_logs" {
  name               = "${var.platform}-bedrock-logs"
  assume_role_policy = data.aws_iam_policy_document.service_trust["bedrock"].json
}

resource "aws_iam_role_policy" "bedrock_logs" {
  name = "write"
  role = aws_iam_role.bedrock_logs.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.platform["bedrock"].arn}:*"
    }]
  })
}

resource "aws_bedrock_guardrail" "disputes" {
  count = var.enable_bedrock ? 1 : 0

  name                      = "${var.platform}-disputes"
  description               = "Dispute letters come from the public: they may carry instructions and card numbers"
  blocked_input_messaging   = "This letter needs a person."
  blocked_outputs_messaging = "This letter needs a person."
  kms_key_arn               = aws_kms_key.platform["lake"].arn

  content_policy_config {
    filters_config {
      type            = "PROMPT_ATTACK"
      input_strength  = "HIGH"
      output_strength = "NONE"
    }

    filters_config {
      type            = "MISCONDUCT"
      input_strength  = "MEDIUM"
      output_strength = "HIGH"
    }
  }

  contextual_grounding_policy_config {
    filters_config {
      type      = "GROUNDING"
      threshold = 0.75
    }
  }

  sensitive_information_policy_config {
    dynamic "pii_entities_config" {
      for_each = ["CREDIT_DEBIT_CARD_NUMBER", "CREDIT_DEBIT_CARD_CVV", "PIN", "EMAIL", "PHONE"]

      content {
        type   = pii_entities_config.value
        action = "ANONYMIZE"
      }
    }
  }
}

resource "aws_bedrock_guardrail_version" "disputes" {
  count = var.enable_bedrock ? 1 : 0

  guardrail_arn = aws_bedrock_guardrail.disputes[0].guardrail_arn
  description   = "In use since 2026-10"
}

data "aws_iam_policy_document" "disputes" {
  count = var.enable_bedrock ? 1 : 0

  statement {
    sid       = "SummariseWithGuardrail"
    actions   = ["bedrock:InvokeModel"]
    resources = ["arn:aws:bedrock:${var.region}::foundation-model/anthropic.claude-3-5-haiku-20241022-v1:0"]

    condition {
      test     = "StringEquals"
      variable = "bedrock:GuardrailIdentifier"
      values   = ["${aws_bedrock_guardrail.disputes[0].guardrail_arn}:${aws_bedrock_guardrail_version.disputes[0].version}"]
    }
  }

  statement {
    sid       = "ApplyGuardrail"
    actions   = ["bedrock:ApplyGuardrail"]
    resources = [aws_bedrock_guardrail.disputes[0].guardrail_arn]
  }
}

resource "aws_iam_role_policy" "disputes" {
  count = var.enable_bedrock ? 1 : 0

  name   = "summarise-disputes"
  role   = aws_iam_role.workload["ml-serve"].id
  policy = data.aws_iam_policy_document.disputes[0].json
}
