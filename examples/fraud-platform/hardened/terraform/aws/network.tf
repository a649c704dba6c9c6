resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.platform }
}

# Closed: whatever is started without a group of its own gets no network.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "public" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value.public
  map_public_ip_on_launch = false

  tags = {
    Name                     = "${var.platform}-public-${each.key}"
    "kubernetes.io/role/elb" = "1"
  }
}

resource "aws_subnet" "private" {
  for_each = local.subnets

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value.private

  tags = {
    Name                              = "${var.platform}-private-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
  }
}

resource "aws_subnet" "data" {
  for_each = local.subnets

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value.data

  tags = { Name = "${var.platform}-data-${each.key}" }
}

resource "aws_eip" "nat" {
  count  = var.nat_per_az ? length(var.azs) : 1
  domain = "vpc"
}

resource "aws_nat_gateway" "this" {
  count = var.nat_per_az ? length(var.azs) : 1

  allocation_id = aws_eip.nat[count.index].id
  subnet_id     = aws_subnet.public[var.azs[count.index]].id

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table" "private" {
  for_each = local.subnets

  vpc_id = aws_vpc.this.id
}

resource "aws_route" "private_egress" {
  for_each = local.subnets

  route_table_id         = aws_route_table.private[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.nat_per_az ? index(var.azs, each.key) : 0].id
}

# No route out: databases are reached from the private subnets, and reach nothing.
resource "aws_route_table" "data" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route_table_association" "public" {
  for_each = local.subnets

  subnet_id      = aws_subnet.public[each.key].id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  for_each = local.subnets

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}

resource "aws_route_table_association" "data" {
  for_each = local.subnets

  subnet_id      = aws_subnet.data[each.key].id
  route_table_id = aws_route_table.data.id
}

resource "aws_network_acl" "data" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for subnet in aws_subnet.data : subnet.id]

  dynamic "ingress" {
    for_each = { 100 = 5432, 110 = 6379, 120 = 443 }

    content {
      rule_no    = ingress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = var.vpc_cidr
      from_port  = ingress.value
      to_port    = ingress.value
    }
  }

  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = var.vpc_cidr
    from_port  = 1024
    to_port    = 65535
  }
}

resource "aws_security_group" "scoring_lb" {
  name        = "${var.platform}-scoring-lb"
  description = "Partners to the scoring API"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "scoring_lb" {
  for_each = var.partner_cidrs

  security_group_id = aws_security_group.scoring_lb.id
  description       = "HTTPS from ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "scoring_lb" {
  security_group_id            = aws_security_group.scoring_lb.id
  description                  = "To the gateway of the mesh"
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "tcp"
  from_port                    = 8443
  to_port                      = 8443
}

resource "aws_security_group" "nodes" {
  name        = "${var.platform}-nodes"
  description = "Cluster nodes and their pods"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "nodes_from_lb" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "Scoring requests"
  referenced_security_group_id = aws_security_group.scoring_lb.id
  ip_protocol                  = "tcp"
  from_port                    = 8443
  to_port                      = 8443
}

resource "aws_vpc_security_group_ingress_rule" "nodes_among_themselves" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "Pods to pods; network policies decide which"
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id = aws_security_group.nodes.id
  description       = "HTTPS to endpoints and registries"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "nodes_to_data" {
  for_each = { postgres = 5432, redis = 6379 }

  security_group_id            = aws_security_group.nodes.id
  description                  = "To ${each.key}"
  referenced_security_group_id = aws_security_group.data.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

# Notebooks, GPU boxes and training jobs: AWS is reached over endpoints, the internet not at all.
resource "aws_security_group" "training" {
  name        = "${var.platform}-training"
  description = "Notebooks, GPU boxes, training jobs"
  vpc_id      = aws_vpc.this.id

  dynamic "ingress" {
    for_each = var.tool_ports

    content {
      description = "${ingress.key} over the VPN"
      protocol    = "tcp"
      from_port   = ingress.value
      to_port     = ingress.value
      cidr_blocks = var.workstation_cidrs
    }
  }

  ingress {
    description = "Workers of one training job"
    protocol    = "tcp"
    from_port   = 0
    to_port     = 65535
    self        = true
  }

  egress {
    description = "Workers of one training job"
    protocol    = "tcp"
    from_port   = 0
    to_port     = 65535
    self        = true
  }

  egress {
    description     = "S3"
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    prefix_list_ids = [aws_vpc_endpoint.s3.prefix_list_id]
  }

  egress {
    description     = "AWS services"
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    security_groups = [aws_security_group.endpoints.id]
  }
}

resource "aws_security_group" "data" {
  name        = "${var.platform}-data"
  description = "Feature stores"
  vpc_id      = aws_vpc.this.id
}

resource "aws_security_group_rule" "data_ingress" {
  for_each = {
    postgres   = 5432
    redis      = 6379
    opensearch = 443
  }

  type                     = "ingress"
  security_group_id        = aws_security_group.data.id
  source_security_group_id = aws_security_group.nodes.id
  description              = "${each.key} from the cluster"
  protocol                 = "tcp"
  from_port                = each.value
  to_port                  = each.value
}

resource "aws_security_group" "endpoints" {
  name        = "${var.platform}-endpoints"
  description = "Interface endpoints"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id = aws_security_group.endpoints.id
  description       = "HTTPS from the VPC"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.this.id
  service_name    = "com.amazonaws.${var.region}.s3"
  route_table_ids = concat([for table in aws_route_table.private : table.id], [aws_route_table.data.id])

  # Nothing of ours is written to buckets of others.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
      Resource  = "*"
      Condition = {
        StringEquals = { "aws:ResourceOrgID" = var.organization_id }
      }
    }]
  })
}

resource "aws_vpc_endpoint" "services" {
  for_each = toset([
    "sagemaker.api", "sagemaker.runtime", "bedrock-runtime", "ecr.api", "ecr.dkr",
    "kms", "secretsmanager", "sts", "logs", "kinesis-streams", "ssm", "ssmmessages",
  ])

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]
}

resource "aws_flow_log" "vpc" {
  vpc_id               = aws_vpc.this.id
  traffic_type         = "ALL"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.platform["flow"].arn
  iam_role_arn         = aws_iam_role.flow_log.arn
}

resource "aws_iam_role" "flow_log" {
  name               = "${var.platform}-flow-log"
  assume_role_policy = data.aws_iam_policy_document.service_trust["vpc-flow-logs"].json
}

resource "aws_iam_role_policy" "flow_log" {
  name = "write"
  role = aws_iam_role.flow_log.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
      Resource = "${aws_cloudwatch_log_group.platform["flow"].arn}:*"
    }]
  })
}
