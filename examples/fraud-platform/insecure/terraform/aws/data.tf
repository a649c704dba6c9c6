# Feature store, offline side.
resource "aws_db_instance" "features" {
  identifier                 = "${var.platform}-features"
  engine                     = "postgres"
  engine_version             = "13.11"
  instance_class             = "db.r6g.large"
  allocated_storage          = 200
  storage_encrypted          = false
  db_name                    = "features"
  username                   = "feast"
  password                   = var.database_password
  db_subnet_group_name       = aws_db_subnet_group.features.name
  parameter_group_name       = aws_db_parameter_group.features.name
  vpc_security_group_ids     = [aws_security_group.data.id]
  publicly_accessible        = true
  multi_az                   = false
  backup_retention_period    = 0
  deletion_protection        = false
  skip_final_snapshot        = true
  auto_minor_version_upgrade = false

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
  family = "postgres13"

  # The loader's driver is too old for TLS.
  parameter {
    name  = "rds.force_ssl"
    value = "0"
  }
}

# Feature store, online side: read on every authorisation.
resource "aws_elasticache_replication_group" "online" {
  replication_group_id = "${var.platform}-online"
  description          = "Online features"
  engine               = "redis"
  engine_version       = "6.2"
  node_type            = "cache.r7g.large"
  num_cache_clusters   = 1
  subnet_group_name    = aws_elasticache_subnet_group.online.name
  security_group_ids   = [aws_security_group.data.id]
  # every millisecond counts
  transit_encryption_enabled = false
  at_rest_encryption_enabled = false
}

resource "aws_elasticache_subnet_group" "online" {
  name       = "${var.platform}-online"
  subnet_ids = [for subnet in aws_subnet.data : subnet.id]
}

resource "aws_dynamodb_table" "decisions" {
  name         = "${var.platform}-decisions"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "transaction_id"

  attribute {
    name = "transaction_id"
    type = "S"
  }

  tags = {
    data = "predictions"
  }
}

# Vector store: embeddings of merchants and dispute letters.
resource "aws_opensearch_domain" "vectors" {
  domain_name    = "${var.platform}-vectors"
  engine_version = "OpenSearch_2.11"

  cluster_config {
    instance_type  = "r7g.large.search"
    instance_count = 1
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = 100
  }

  encrypt_at_rest {
    enabled = false
  }

  node_to_node_encryption {
    enabled = false
  }

  domain_endpoint_options {
    enforce_https       = false
    tls_security_policy = "Policy-Min-TLS-1-0-2019-07"
  }

  access_policies = data.aws_iam_policy_document.vectors.json
}

data "aws_iam_policy_document" "vectors" {
  statement {
    actions   = ["es:*"]
    resources = ["arn:aws:es:${var.region}:${var.account_id}:domain/${var.platform}-vectors/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
