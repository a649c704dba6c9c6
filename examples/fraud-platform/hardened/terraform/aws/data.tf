# Feature store, offline side.
resource "aws_db_instance" "features" {
  identifier                          = "${var.platform}-features"
  engine                              = "postgres"
  engine_version                      = "17.6"
  instance_class                      = "db.r6g.large"
  allocated_storage                   = 200
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.platform["data"].arn
  db_name                             = "features"
  username                            = "feast"
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = aws_kms_key.platform["data"].key_id
  iam_database_authentication_enabled = true
  db_subnet_group_name                = aws_db_subnet_group.features.name
  parameter_group_name                = aws_db_parameter_group.features.name
  vpc_security_group_ids              = [aws_security_group.data.id]
  publicly_accessible                 = false
  multi_az                            = true
  backup_retention_period             = 35
  copy_tags_to_snapshot               = true
  deletion_protection                 = true
  skip_final_snapshot                 = false
  final_snapshot_identifier           = "${var.platform}-features-final"
  auto_minor_version_upgrade          = true
  ca_cert_identifier                  = "rds-ca-rsa2048-g1"
  monitoring_interval                 = 60
  monitoring_role_arn                 = aws_iam_role.database_monitoring.arn
  performance_insights_enabled        = true
  performance_insights_kms_key_id     = aws_kms_key.platform["data"].arn
  enabled_cloudwatch_logs_exports     = ["postgresql", "upgrade"]

  tags = {
    data = "features"
  }
}

resource "aws_db_subnet_group" "features" {
  name       = "${var.platform}-features"
  subnet_ids = [for subnet in aws_subnet.data : subnet.id]
}

resource "aws_db_parameter_group" "features" {
  name   = "${var.platform}-features"
  family = "postgres17"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  dynamic "parameter" {
    for_each = {
      "log_connections"            = "1"
      "log_statement"              = "ddl"
      "log_min_duration_statement" = "1000"
    }

    content {
      name  = parameter.key
      value = parameter.value
    }
  }
}

resource "aws_iam_role" "database_monitoring" {
  name               = "${var.platform}-database-monitoring"
  assume_role_policy = data.aws_iam_policy_document.service_trust["monitoring.rds"].json
}

resource "aws_iam_role_policy_attachment" "database_monitoring" {
  role       = aws_iam_role.database_monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

# Feature store, online side: read on every authorisation.
resource "aws_elasticache_replication_group" "online" {
  replication_group_id       = "${var.platform}-online"
  description                = "Online features"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = "cache.r7g.large"
  num_cache_clusters         = 3
  automatic_failover_enabled = true
  multi_az_enabled           = true
  subnet_group_name          = aws_elasticache_subnet_group.online.name
  security_group_ids         = [aws_security_group.data.id]
  at_rest_encryption_enabled = true
  kms_key_id                 = aws_kms_key.platform["data"].arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  user_group_ids             = [aws_elasticache_user_group.online.user_group_id]
  snapshot_retention_limit   = 7
  auto_minor_version_upgrade = true
}

resource "aws_elasticache_subnet_group" "online" {
  name       = "${var.platform}-online"
  subnet_ids = [for subnet in aws_subnet.data : subnet.id]
}

resource "aws_elasticache_user" "scorer" {
  user_id       = "${var.platform}-scorer"
  user_name     = "${var.platform}-scorer"
  engine        = "valkey"
  access_string = "on ~features:* -@all +@read +@connection"

  authentication_mode {
    type = "iam"
  }
}

resource "aws_elasticache_user_group" "online" {
  user_group_id = "${var.platform}-online"
  engine        = "valkey"
  user_ids      = [aws_elasticache_user.scorer.user_id]
}

resource "aws_dynamodb_table" "decisions" {
  name                        = "${var.platform}-decisions"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "transaction_id"
  deletion_protection_enabled = true

  attribute {
    name = "transaction_id"
    type = "S"
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.platform["data"].arn
  }

  tags = {
    data = "predictions"
  }
}

# Vector store: embeddings of merchants and dispute letters.
resource "aws_opensearch_domain" "vectors" {
  domain_name    = "${var.platform}-vectors"
  engine_version = "OpenSearch_2.19"

  cluster_config {
    instance_type            = "r7g.large.search"
    instance_count           = 3
    zone_awareness_enabled   = true
    dedicated_master_enabled = true
    dedicated_master_type    = "m7g.large.search"
    dedicated_master_count   = 3

    zone_awareness_config {
      availability_zone_count = 3
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = 100
  }

  vpc_options {
    subnet_ids         = [for subnet in aws_subnet.data : subnet.id]
    security_group_ids = [aws_security_group.data.id]
  }

  encrypt_at_rest {
    enabled    = true
    kms_key_id = aws_kms_key.platform["data"].key_id
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  advanced_security_options {
    enabled                        = true
    internal_user_database_enabled = false

    master_user_options {
      master_user_arn = aws_iam_role.job_function["ml-engineer"].arn
    }
  }

  log_publishing_options {
    log_type                 = "AUDIT_LOGS"
    cloudwatch_log_group_arn = aws_cloudwatch_log_group.platform["opensearch"].arn
    enabled                  = true
  }

  log_publishing_options {
    log_type                 = "ES_APPLICATION_LOGS"
    cloudwatch_log_group_arn = aws_cloudwatch_log_group.platform["opensearch"].arn
    enabled                  = true
  }

  access_policies = data.aws_iam_policy_document.vectors.json
}

data "aws_iam_policy_document" "vectors" {
  statement {
    actions   = ["es:ESHttpGet", "es:ESHttpPost"]
    resources = ["arn:aws:es:${var.region}:${var.account_id}:domain/${var.platform}-vectors/*"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.workload["ml-serve"].arn]
    }
  }
}
