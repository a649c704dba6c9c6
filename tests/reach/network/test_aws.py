"""Networks of AWS: every piece is needed, and one that is missing is unknown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from garrison.estate.assets import Asset
from garrison.estate.estate import Estate
from garrison.reach.network.reach import Reach
from garrison.reach.network.sets import tcp, tcp_ports

Maker = Callable[..., Estate]

VPC = """
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_internet_gateway" "g" { vpc_id = aws_vpc.v.id }
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_subnet" "b" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.0.2.0/24"
}
resource "aws_route_table" "out" {
  vpc_id = aws_vpc.v.id
}
resource "aws_route" "out" {
  route_table_id         = aws_route_table.out.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.g.id
}
resource "aws_route_table_association" "a" {
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.out.id
}
resource "aws_security_group" "web" {
  vpc_id = aws_vpc.v.id
  ingress {
    protocol    = "tcp"
    from_port   = 8888
    to_port     = 8889
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_instance" "box" {
  ami                         = "ami-1"
  instance_type               = "p4d.24xlarge"
  subnet_id                   = aws_subnet.a.id
  vpc_security_group_ids      = [aws_security_group.web.id]
  associate_public_ip_address = true
}
"""
ACL = """
resource "aws_network_acl" "n" {
  vpc_id     = aws_vpc.v.id
  subnet_ids = [aws_subnet.a.id]
  ingress {
    rule_no    = 100
    action     = "%s"
    protocol   = "tcp"
    cidr_block = "0.0.0.0/0"
    from_port  = 8888
    to_port    = 8888
  }
  ingress {
    rule_no    = 200
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = "0.0.0.0/0"
    from_port  = %s
    to_port    = 65535
  }
}
"""


def asset(estate: Estate, address: str) -> Asset:
    return next(a for a in estate.assets if a.address.endswith(f":{address}"))


def opened(estate: Estate, address: str = "aws_instance.box") -> tuple[tuple[tuple[int, int], ...], bool]:
    """The TCP ports that the internet surely opens, and whether there may be others."""
    flow = Reach(estate).from_internet(asset(estate, address))
    assert flow is not None
    return tcp_ports(flow.sure).spans, bool(flow.perhaps - flow.sure)


def test_the_internet_opens_the_ports_that_all_let_through(estate: Maker) -> None:
    assert opened(estate(VPC)) == (((8888, 8889),), False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("associate_public_ip_address = true", "associate_public_ip_address = false"),
        ('cidr_blocks = ["0.0.0.0/0"]\n  }\n  egress', 'cidr_blocks = ["198.51.100.0/24"]\n  }\n  egress'),
        ('destination_cidr_block = "0.0.0.0/0"', 'destination_cidr_block = "10.9.0.0/16"'),
        ("  gateway_id             = aws_internet_gateway.g.id\n", '  nat_gateway_id         = "nat-1"\n'),
        ("subnet_id                   = aws_subnet.a.id", "subnet_id                   = aws_subnet.b.id"),
    ],
    ids=["no address", "a partner only", "no default route", "NAT lets nothing in", "main table has no route"],
)
def test_one_piece_missing_closes_it(old: str, new: str, estate: Maker) -> None:
    assert old in VPC
    assert opened(estate(VPC.replace(old, new))) == ((), False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("subnet_id                   = aws_subnet.a.id", "subnet_id                   = var.subnet"),
        ("vpc_security_group_ids      = [aws_security_group.web.id]", "vpc_security_group_ids      = [var.group]"),
        ("associate_public_ip_address = true", "associate_public_ip_address = var.public"),
        ("route_table_id = aws_route_table.out.id", "route_table_id = var.table"),
        ("route_table_id         = aws_route_table.out.id", "route_table_id         = var.table"),
        ('["0.0.0.0/0"]\n  }\n  egress', "[var.from]\n  }\n  egress"),
    ],
    ids=["subnet", "group", "address", "association", "route of a table", "source"],
)
def test_one_piece_unknown_is_neither_yes_nor_no(old: str, new: str, estate: Maker) -> None:
    assert old in VPC
    variables = "".join(f'variable "{v}" {{}}\n' for v in ("subnet", "group", "public", "table", "from"))
    assert opened(estate(VPC.replace(old, new) + variables)) == ((), True)


def test_a_subnet_may_give_the_address(estate: Maker) -> None:
    text = VPC.replace("  associate_public_ip_address = true\n", "")
    assert opened(estate(text)) == ((), False)
    given = text.replace('cidr_block = "10.0.1.0/24"', 'cidr_block = "10.0.1.0/24"\n  map_public_ip_on_launch = true')
    assert opened(estate(given)) == (((8888, 8889),), False)


@pytest.mark.parametrize(
    ("action", "first", "ports"),
    [("allow", 1024, ((8888, 8889),)), ("deny", 1024, ((8889, 8889),)), ("allow", 60000, ()), ("allow", 65536, ())],
    ids=["allowed", "the lowest number decides", "some answers pass: not sure", "no answer passes"],
)
def test_access_lists_both_ways(action: str, first: int, ports: object, estate: Maker) -> None:
    assert opened(estate(VPC + ACL % (action, first))) == (ports, first == 60000)


def test_a_load_balancer_hands_on_what_both_groups_let_through(estate: Maker) -> None:
    text = (
        VPC.replace("associate_public_ip_address = true", "associate_public_ip_address = false")
        + """
resource "aws_lb" "l" {
  subnets         = [aws_subnet.a.id]
  security_groups = [aws_security_group.web.id]
}
resource "aws_lb_listener" "l" {
  load_balancer_arn = aws_lb.l.arn
  port              = 8888
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.t.arn
  }
}
resource "aws_lb_target_group" "t" {
  port   = PORT
  vpc_id = aws_vpc.v.id
}
resource "aws_lb_target_group_attachment" "t" {
  target_group_arn = aws_lb_target_group.t.arn
  target_id        = aws_instance.box.id
}
"""
    )
    passing, closed = estate(text.replace("PORT", "8889")), estate(text.replace("PORT", "9000"))
    assert opened(passing, "aws_lb.l") == (((8888, 8888),), False)
    assert passing.facts(asset(passing, "aws_instance.box")).exposed.yes
    assert closed.facts(asset(closed, "aws_instance.box")).exposed.no


STORE = """
resource "aws_security_group" "data" {
  vpc_id = aws_vpc.v.id
}
resource "aws_security_group_rule" "data" {
  type                     = "ingress"
  security_group_id        = aws_security_group.data.id
  source_security_group_id = aws_security_group.web.id
  protocol                 = "tcp"
  from_port                = 5432
  to_port                  = 5432
}
resource "aws_db_subnet_group" "d" {
  name       = "d"
  subnet_ids = [aws_subnet.b.id]
}
resource "aws_db_instance" "d" {
  db_subnet_group_name   = aws_db_subnet_group.d.name
  vpc_security_group_ids = [aws_security_group.data.id]
}
"""


def between(estate: Estate, start: str = "aws_instance.box", end: str = "aws_db_instance.d") -> tuple[object, bool]:
    flow = Reach(estate).between(asset(estate, start), asset(estate, end))
    assert flow is not None
    return tcp_ports(flow.sure).spans, bool(flow.perhaps - flow.sure)


def test_members_of_a_group_reach_what_names_it(estate: Maker) -> None:
    found = estate(VPC + STORE)
    assert between(found) == (((5432, 5432),), False)
    assert between(found, "aws_db_instance.d", "aws_instance.box") == ((), False)


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        (
            "source_security_group_id = aws_security_group.web.id",
            'cidr_blocks = ["10.0.1.0/24"]',
            (((5432, 5432),), False),
        ),
        ("source_security_group_id = aws_security_group.web.id", 'cidr_blocks = ["10.0.1.0/25"]', ((), True)),
        ("source_security_group_id = aws_security_group.web.id", 'cidr_blocks = ["10.0.3.0/24"]', ((), False)),
        ("source_security_group_id = aws_security_group.web.id", "self = true", ((), False)),
        ("vpc_security_group_ids = [aws_security_group.data.id]", "", ((), True)),
    ],
    ids=["its subnet", "part of its subnet", "another subnet", "members only", "no group is said"],
)
def test_who_is_let_in(old: str, new: str, answer: object, estate: Maker) -> None:
    assert old in STORE
    assert between(estate(VPC + STORE.replace(old, new))) == answer


def test_nothing_leaves_a_group_of_terraform_without_a_rule_for_it(estate: Maker) -> None:
    closed = VPC.replace(
        '  egress {\n    protocol    = "-1"\n    from_port   = 0\n    to_port     = 0\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n',
        "",
    )
    assert closed != VPC
    assert between(estate(closed + STORE)) == ((), False)


PEERED = """
resource "aws_vpc" "w" { cidr_block = "10.1.0.0/16" }
resource "aws_subnet" "c" {
  vpc_id     = aws_vpc.w.id
  cidr_block = "10.1.1.0/24"
}
resource "aws_route_table" "w" {
  vpc_id = aws_vpc.w.id
  ROUTE
}
resource "aws_route_table_association" "c" {
  subnet_id      = aws_subnet.c.id
  route_table_id = aws_route_table.w.id
}
resource "aws_vpc_peering_connection" "p" {
  vpc_id      = aws_vpc.v.id
  peer_vpc_id = aws_vpc.w.id
}
resource "aws_route" "over" {
  route_table_id            = aws_route_table.out.id
  destination_cidr_block    = "10.1.0.0/16"
  vpc_peering_connection_id = aws_vpc_peering_connection.p.id
}
resource "aws_security_group" "open" {
  vpc_id = aws_vpc.w.id
  ingress {
    protocol    = "tcp"
    from_port   = 6379
    to_port     = 6379
    cidr_blocks = ["10.0.0.0/16"]
  }
}
resource "aws_instance" "far" {
  subnet_id              = aws_subnet.c.id
  vpc_security_group_ids = [aws_security_group.open.id]
}
"""
BACK = """route {
    cidr_block                = "10.0.0.0/16"
    vpc_peering_connection_id = aws_vpc_peering_connection.p.id
  }"""


@pytest.mark.parametrize(("route", "ports"), [(BACK, ((6379, 6379),)), ("", ())], ids=["both ways", "one way"])
def test_peered_networks_need_routes_both_ways(route: str, ports: object, estate: Maker) -> None:
    assert between(estate(VPC + PEERED.replace("ROUTE", route)), end="aws_instance.far") == (ports, False)


def test_other_ports_are_not_opened(estate: Maker) -> None:
    flow = Reach(estate(VPC)).from_internet(asset(estate(VPC), "aws_instance.box"))
    assert flow is not None
    assert flow.on(tcp(22)).no


CLOUDFORMATION = """
Resources:
  Net: {Type: "AWS::EC2::VPC", Properties: {CidrBlock: 10.0.0.0/16}}
  Gate: {Type: "AWS::EC2::InternetGateway"}
  Joined: {Type: "AWS::EC2::VPCGatewayAttachment", Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Gate}}
  Subnet: {Type: "AWS::EC2::Subnet", Properties: {VpcId: !Ref Net, CidrBlock: 10.0.1.0/24, MapPublicIpOnLaunch: true}}
  Table: {Type: "AWS::EC2::RouteTable", Properties: {VpcId: !Ref Net}}
  Out: {Type: "AWS::EC2::Route", Properties: {RouteTableId: !Ref Table, DestinationCidrBlock: DEST, GatewayId: !Ref Gate}}
  Of: {Type: "AWS::EC2::SubnetRouteTableAssociation", Properties: {SubnetId: !Ref Subnet, RouteTableId: !Ref Table}}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: web
      VpcId: !Ref Net
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}]
  Box:
    Type: AWS::EC2::Instance
    Properties: {ImageId: ami-1, SubnetId: !Ref Subnet, SecurityGroupIds: [!Ref Group]}
"""


@pytest.mark.parametrize(("to", "ports"), [("0.0.0.0/0", ((22, 22),)), ("10.9.0.0/16", ())])
def test_the_same_in_cloudformation(to: str, ports: object, estate: Maker) -> None:
    found = estate(CLOUDFORMATION.replace("DEST", to), "stack.yaml")
    assert opened(found, "Box") == (ports, False)
    outgoing = Reach(found).to_internet(asset(found, "Box"))
    assert outgoing is not None
    assert outgoing.any.yes is bool(ports)
