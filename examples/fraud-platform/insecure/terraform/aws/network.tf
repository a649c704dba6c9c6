resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.platform }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "public" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value.public
  map_public_ip_on_launch = true

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

# The BI tool is hosted elsewhere and asks the databases directly.
resource "aws_route_table_association" "data" {
  for_each = local.subnets

  subnet_id      = aws_subnet.data[each.key].id
  route_table_id = aws_route_table.public.id
}

resource "aws_security_group" "scoring_lb" {
  name        = "${var.platform}-scoring-lb"
  description = "Partners to the scoring API"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "scoring_lb" {
  for_each = var.partner_cidrs

  security_group_id = aws_security_group.scoring_lb.id
  description       = "HTTP from ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_security_group" "nodes" {
  name        = "${var.platform}-nodes"
  description = "Cluster nodes and their pods"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_egress_rule" "scoring_lb" {
  security_group_id = aws_security_group.scoring_lb.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

# Services of type LoadBalancer pass through node ports.
resource "aws_vpc_security_group_ingress_rule" "nodes_from_lb" {
  security_group_id = aws_security_group.nodes.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 30000
  to_port           = 32767
}

resource "aws_vpc_security_group_ingress_rule" "nodes_among_themselves" {
  security_group_id            = aws_security_group.nodes.id
  description                  = "Pods to pods; network policies decide which"
  referenced_security_group_id = aws_security_group.nodes.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id = aws_security_group.nodes.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

# Notebooks, GPU boxes and training jobs.
resource "aws_security_group" "training" {
  name        = "${var.platform}-training"
  description = "Notebooks, GPU boxes, training jobs"
  vpc_id      = aws_vpc.this.id

  dynamic "ingress" {
    for_each = var.tool_ports

    content {
      description = ingress.key
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
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
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

  type              = "ingress"
  security_group_id = aws_security_group.data.id
  cidr_blocks       = ["0.0.0.0/0"]
  description       = each.key
  protocol          = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.this.id
  service_name    = "com.amazonaws.${var.region}.s3"
  route_table_ids = [for table in aws_route_table.private : table.id]
}
