resource "aws_sagemaker_notebook_instance" "exploration" {
  name                   = "${var.platform}-exploration"
  role_arn               = aws_iam_role.notebook.arn
  instance_type          = "ml.t3.xlarge"
  platform_identifier    = "notebook-al2023-v1"
  subnet_id              = aws_subnet.private[var.azs[0]].id
  security_groups        = [aws_security_group.training.id]
  direct_internet_access = "Disabled"
  root_access            = "Disabled"
  kms_key_id             = aws_kms_key.platform["lake"].arn
  lifecycle_config_name  = aws_sagemaker_notebook_instance_lifecycle_configuration.idle.name
  volume_size            = 100

  instance_metadata_service_configuration {
    minimum_instance_metadata_service_version = "2"
  }
}

resource "aws_sagemaker_notebook_instance_lifecycle_configuration" "idle" {
  name = "${var.platform}-idle"

  on_start = base64encode(<<-SHELL
    #!/bin/bash
    set -eu
    # Stop after two idle hours; the script is part of the image.
    echo '*/5 * * * * root /usr/local/bin/stop-when-idle --seconds 7200' > /etc/cron.d/idle
  SHELL
  )
}

resource "aws_sagemaker_domain" "studio" {
  domain_name                   = "${var.platform}-studio"
  auth_mode                     = "SSO"
  vpc_id                        = aws_vpc.this.id
  subnet_ids                    = [for subnet in aws_subnet.private : subnet.id]
  app_network_access_type       = "VpcOnly"
  app_security_group_management = "Customer"
  kms_key_id                    = aws_kms_key.platform["lake"].arn

  default_user_settings {
    execution_role  = aws_iam_role.notebook.arn
    security_groups = [aws_security_group.training.id]

    sharing_settings {
      notebook_output_option = "Disabled"
    }
  }

  domain_settings {
    execution_role_identity_config = "USER_PROFILE_NAME"
    security_group_ids             = [aws_security_group.training.id]
  }

  retention_policy {
    home_efs_file_system = "Retain"
  }
}

resource "aws_sagemaker_user_profile" "data_scientist" {
  for_each = var.data_scientists

  domain_id                      = aws_sagemaker_domain.studio.id
  user_profile_name              = each.key
  single_sign_on_user_identifier = "UserName"
  single_sign_on_user_value      = "${each.key}@example.com"

  user_settings {
    execution_role  = aws_iam_role.notebook.arn
    security_groups = [aws_security_group.training.id]

    jupyter_lab_app_settings {
      default_resource_spec {
        instance_type = each.value.instance_type
      }
    }
  }
}

data "aws_iam_policy_document" "notebook" {
  statement {
    sid       = "ReadFeatures"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [module.bucket["features"].arn, "${module.bucket["features"].arn}/*"]
  }

  statement {
    sid       = "Decrypt"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.platform["lake"].arn]
  }

  statement {
    sid = "Experiment"
    actions = [
      "sagemaker:CreateExperiment", "sagemaker:CreateTrial", "sagemaker:CreateTrialComponent",
      "sagemaker:UpdateTrialComponent", "sagemaker:DescribeExperiment", "sagemaker:DescribeTrial",
    ]
    resources = ["arn:aws:sagemaker:${var.region}:${var.account_id}:experiment*/${var.platform}-*"]
  }

  # Training starts through the reviewed pipeline, with the pipeline's own role.
  statement {
    sid       = "StartPipeline"
    actions   = ["sagemaker:StartPipelineExecution", "sagemaker:DescribePipelineExecution"]
    resources = [aws_sagemaker_pipeline.retrain.arn, "${aws_sagemaker_pipeline.retrain.arn}/execution/*"]
  }
}

resource "aws_iam_role" "notebook" {
  name                 = "${var.platform}-notebook"
  assume_role_policy   = data.aws_iam_policy_document.service_trust["sagemaker"].json
  permissions_boundary = aws_iam_policy.boundary.arn
}

resource "aws_iam_role_policy" "notebook" {
  name   = "explore"
  role   = aws_iam_role.notebook.id
  policy = data.aws_iam_policy_document.notebook.json
}

data "aws_iam_policy_document" "training_job" {
  statement {
    sid       = "ReadTrainingData"
    actions   = ["s3:GetObject", "s3:ListBucket"]
    resources = [aws_s3_bucket.training_data.arn, "${aws_s3_bucket.training_data.arn}/*"]
  }

  statement {
    sid       = "WriteModels"
    actions   = ["s3:PutObject"]
    resources = ["${module.bucket["models"].arn}/candidates/*"]
  }

  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.platform["lake"].arn]
  }

  statement {
    sid       = "PullImage"
    actions   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
    resources = [aws_ecr_repository.image["training"].arn]
  }

  # This action knows no resources.
  statement {
    sid       = "LogIntoRegistry"
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${var.region}:${var.account_id}:log-group:/aws/sagemaker/TrainingJobs:*"]
  }

  statement {
    sid       = "Register"
    actions   = ["sagemaker:CreateModelPackage"]
    resources = ["arn:aws:sagemaker:${var.region}:${var.account_id}:model-package/${var.platform}-*/*"]

    condition {
      test     = "StringEquals"
      variable = "sagemaker:ModelApprovalStatus"
      values   = ["PendingManualApproval"]
    }
  }

  statement {
    sid       = "RunItself"
    actions   = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
    resources = ["arn:aws:sagemaker:${var.region}:${var.account_id}:training-job/${var.platform}-*"]
  }

  statement {
    sid       = "PassItself"
    actions   = ["iam:PassRole"]
    resources = ["arn:aws:iam::${var.account_id}:role/${var.platform}-training-job"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "training_job" {
  name                 = "${var.platform}-training-job"
  assume_role_policy   = data.aws_iam_policy_document.service_trust["sagemaker"].json
  permissions_boundary = aws_iam_policy.boundary.arn
}

resource "aws_iam_role_policy" "training_job" {
  name   = "train"
  role   = aws_iam_role.training_job.id
  policy = data.aws_iam_policy_document.training_job.json
}

resource "aws_sagemaker_pipeline" "retrain" {
  pipeline_name         = "${var.platform}-retrain"
  pipeline_display_name = "${var.platform}-retrain"
  role_arn              = aws_iam_role.training_job.arn

  pipeline_definition = jsonencode({
    Version = "2020-12-01"
    Steps = [{
      Name = "Train"
      Type = "Training"
      Arguments = {
        RoleArn                               = aws_iam_role.training_job.arn
        EnableNetworkIsolation                = true
        EnableInterContainerTrafficEncryption = true
        AlgorithmSpecification = {
          TrainingImage     = "${local.registry}/${var.platform}/training@${var.image_digests["training"]}"
          TrainingInputMode = "File"
        }
        InputDataConfig = [{
          ChannelName = "train"
          DataSource = {
            S3DataSource = {
              S3DataType             = "S3Prefix"
              S3Uri                  = "s3://${aws_s3_bucket.training_data.id}/labelled/"
              S3DataDistributionType = "FullyReplicated"
            }
          }
        }]
        OutputDataConfig = {
          S3OutputPath = "s3://${module.bucket["models"].id}/candidates/"
          KmsKeyId     = aws_kms_key.platform["lake"].arn
        }
        ResourceConfig = {
          InstanceType   = "ml.g5.2xlarge"
          InstanceCount  = 2
          VolumeSizeInGB = 100
          VolumeKmsKeyId = aws_kms_key.platform["lake"].arn
        }
        VpcConfig = {
          SecurityGroupIds = [aws_security_group.training.id]
          Subnets          = [for subnet in aws_subnet.private : subnet.id]
        }
        StoppingCondition = { MaxRuntimeInSeconds = 14400 }
      }
    }]
  })
}

# One box with a large GPU for Ray and long experiments; its tools are reached through Session Manager.
data "aws_ssm_parameter" "gpu_image" {
  name = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-al2023/latest/ami-id"
}

resource "aws_instance" "gpu_box" {
  count = var.gpu_boxes

  ami                         = data.aws_ssm_parameter.gpu_image.value
  instance_type               = "g5.12xlarge"
  subnet_id                   = aws_subnet.private[var.azs[0]].id
  vpc_security_group_ids      = [aws_security_group.training.id]
  associate_public_ip_address = false
  iam_instance_profile        = aws_iam_instance_profile.gpu_box.name
  ebs_optimized               = true
  monitoring                  = true

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_size = 500
    volume_type = "gp3"
    encrypted   = true
    kms_key_id  = aws_kms_key.platform["lake"].arn
  }

  user_data = <<-SHELL
    #!/bin/bash
    set -eu
    install -d -m 0700 /run/ray
    aws secretsmanager get-secret-value --region ${var.region} --query SecretString --output text \
      --secret-id ${aws_secretsmanager_secret.platform["ray-token"].name} > /run/ray/token
    export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=/run/ray/token
    ray start --head --node-ip-address=127.0.0.1 --dashboard-host=127.0.0.1
    jupyter lab --ip=127.0.0.1 --port=8888 &
  SHELL

  tags = { Name = "${var.platform}-gpu-box-${count.index}" }
}

resource "aws_iam_instance_profile" "gpu_box" {
  name = "${var.platform}-gpu-box"
  role = aws_iam_role.gpu_box.name
}

resource "aws_iam_role" "gpu_box" {
  name                 = "${var.platform}-gpu-box"
  permissions_boundary = aws_iam_policy.boundary.arn

  assume_role_policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Principal": { "Service": "ec2.amazonaws.com" },
          "Action": "sts:AssumeRole"
        }
      ]
    }
  JSON
}

resource "aws_iam_role_policy_attachment" "gpu_box_session_manager" {
  role       = aws_iam_role.gpu_box.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_role_policy" "gpu_box" {
  name = "experiment"
  role = aws_iam_role.gpu_box.id

  policy = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": [
        {
          "Effect": "Allow",
          "Action": ["s3:GetObject", "s3:ListBucket"],
          "Resource": ["${module.bucket["features"].arn}", "${module.bucket["features"].arn}/*"]
        },
        {
          "Effect": "Allow",
          "Action": "kms:Decrypt",
          "Resource": ["${aws_kms_key.platform["lake"].arn}", "${aws_kms_key.platform["data"].arn}"]
        },
        {
          "Effect": "Allow",
          "Action": "secretsmanager:GetSecretValue",
          "Resource": "${aws_secretsmanager_secret.platform["ray-token"].arn}"
        }
      ]
    }
  JSON
}

resource "aws_ebs_encryption_by_default" "this" {
  enabled = true
}
