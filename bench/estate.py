"""An estate of any size for the attack paths, shaped as companies shape theirs.

A division has an account (a Terraform root) with networks and roles by job function, a cluster, and a pipeline that
deploys to both. Each of its teams has a namespace with policies and a handful of services, roles and users, buckets,
keys, secrets, a repository of images, a notebook, a model behind an endpoint, a machine, a cache, a function. Mistakes
are rare: one team in fifty has an open Ray head and no policies, one in thirty a role over everything, one in ten an account that
administers its namespace.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from string import Template

_SEED = 7
_TEAMS = 80  # of a division
_SERVICES = 5  # of a team
_TEAMS_A_NETWORK = 20
_SHARED = 9  # other teams whose buckets a team's role reads
_ASSETS_A_TEAM = 72  # as they are counted
_JOB_FUNCTIONS = (
    "data-scientist",
    "ml-engineer",
    "analyst",
    "backup",
    "catalog",
    "etl",
)  # roles over an account's data
_PEOPLE = 20  # of an account, with a job function
_USERS = 3  # of a team


class _Text(Template):
    delimiter = "@"


_NETWORK = _Text("""
resource "aws_vpc" "v@n" { cidr_block = "10.@n.0.0/16" }
resource "aws_internet_gateway" "v@n" { vpc_id = aws_vpc.v@n.id }
resource "aws_route_table" "public@n" {
  vpc_id = aws_vpc.v@n.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.v@n.id
  }
}
resource "aws_route_table" "private@n" { vpc_id = aws_vpc.v@n.id }
resource "aws_network_acl" "data@n" {
  vpc_id     = aws_vpc.v@n.id
  subnet_ids = [aws_subnet.data@n.id]
  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = "10.@n.0.0/16"
    from_port  = 0
    to_port    = 65535
  }
  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
}
""")
_JOB_FUNCTION = _Text("""
resource "aws_iam_role" "@name" {
  name               = "@name"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111122223333:user/@user" } }] })
}
resource "aws_iam_policy" "@name" {
  name   = "@name"
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = ["arn:aws:s3:::@division-training-data-*", "arn:aws:s3:::@division-models-*"] },
    { Effect = "Allow", Action = "dynamodb:GetItem", Resource = "arn:aws:dynamodb:eu-central-1:111122223333:table/@division-features-*" },
  ] })
}
resource "aws_iam_role_policy_attachment" "@name" {
  role       = aws_iam_role.@name.name
  policy_arn = aws_iam_policy.@name.arn
}
""")
_PERSON = _Text("""
resource "aws_iam_user" "person@n" { name = "person-@n" }
resource "aws_iam_user_policy_attachment" "person@n" {
  user       = aws_iam_user.person@n.name
  policy_arn = aws_iam_policy.@name.arn
}
""")
_DEPLOYER = _Text("""
resource "aws_iam_openid_connect_provider" "github" { url = "https://token.actions.githubusercontent.com" }
resource "aws_iam_role" "deploy" {
  name               = "deploy-@division"
  assume_role_policy = jsonencode({ Statement = [{
    Effect    = "Allow"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
    Condition = { StringLike = { "token.actions.githubusercontent.com:sub" = "repo:example/platform-@division:*" } }
  }] })
}
resource "aws_iam_role_policy" "deploy" {
  role   = aws_iam_role.deploy.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["ecr:PutImage", "lambda:UpdateFunctionCode", "iam:PassRole", "ec2:RunInstances"], Resource = "*" }] })
}
""")
_PIPELINE = _Text("""
on: {push: {branches: [main]}}
permissions: {id-token: write, contents: read}
jobs:
  deploy:
    runs-on: ubuntu-24.04
    steps:
      - uses: aws-actions/configure-aws-credentials@@v4
        with: {role-to-assume: "arn:aws:iam::111122223333:role/deploy-@division", aws-region: eu-central-1}
      - run: make deploy
""")
_SUBNET = _Text("""
resource "aws_subnet" "@{kind}@n" {
  vpc_id     = aws_vpc.v@n.id
  cidr_block = "10.@n.@{third}.0/20"
}
resource "aws_route_table_association" "@{kind}@n" {
  subnet_id      = aws_subnet.@{kind}@n.id
  route_table_id = aws_route_table.@table@n.id
}
""")
_SUBNETS = {"public": "public", "private": "private", "data": "private"}  # and the table of each
_CLOUD = _Text("""
resource "aws_kms_key" "k@n" { enable_key_rotation = true }
resource "aws_s3_bucket" "b@n" {
  bucket = "@division-training-data-@n"
  tags   = { team = "team-@n", data = "training-data" }
}
resource "aws_s3_bucket_server_side_encryption_configuration" "b@n" {
  bucket = aws_s3_bucket.b@n.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.k@n.arn
    }
  }
}
resource "aws_s3_bucket" "m@n" { bucket = "@division-models-@n" }
resource "aws_secretsmanager_secret" "s@n" {
  name       = "team-@n/database"
  kms_key_id = aws_kms_key.k@n.arn
}
resource "aws_dynamodb_table" "d@n" {
  name     = "@division-features-@n"
  hash_key = "id"
}
resource "aws_ecr_repository" "r@n" { name = "team-@n/service" }
resource "aws_iam_role" "r@n" {
  name               = "role-@n"
  assume_role_policy = "{}"
}
resource "aws_iam_role_policy" "p@n" {
  role   = aws_iam_role.r@n.id
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = "s3:*", Resource = [@buckets] },
    { Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = aws_secretsmanager_secret.s@n.arn },
    { Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Resource = aws_dynamodb_table.d@n.arn },
  ] })
}
resource "aws_iam_role" "lab@n" {
  name               = "lab-@n"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "sagemaker.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "lab@n" {
  role   = aws_iam_role.lab@n.id
  policy = jsonencode({ Statement = [
    { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = [@lab] },
    { Effect = "Allow", Action = ["ecr:PutImage", "ecr:BatchGetImage"], Resource = aws_ecr_repository.r@n.arn },
    { Effect = "Allow", Action = "iam:PassRole", Resource = aws_iam_role.lab@n.arn },
    { Effect = "Allow", Action = ["sagemaker:CreateTrainingJob", "sagemaker:InvokeEndpoint"], Resource = "@sagemaker" },
  ] })
}
resource "aws_iam_policy" "a@n" {
  name   = "analysts-@n"
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = [@read] }] })
}
resource "aws_security_group" "g@n" {
  vpc_id = aws_vpc.v@network.id
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["10.@network.0.0/16"]
  }
  ingress {
    from_port = 6006
    to_port   = 6006
    protocol  = "tcp"
    self      = true
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_sagemaker_notebook_instance" "n@n" {
  name            = "lab-@n"
  instance_type   = "ml.t3.medium"
  role_arn        = aws_iam_role.lab@n.arn
  subnet_id       = aws_subnet.private@network.id
  security_groups = [aws_security_group.g@n.id]
  kms_key_id      = aws_kms_key.k@n.id
}
resource "aws_sagemaker_model" "m@n" {
  name               = "model-@n"
  execution_role_arn = aws_iam_role.lab@n.arn
  primary_container {
    image          = "${aws_ecr_repository.r@n.repository_url}:latest"
    model_data_url = "s3://@division-models-@n/model.tar.gz"
  }
  vpc_config {
    subnets            = [aws_subnet.private@network.id, aws_subnet.data@network.id]
    security_group_ids = [aws_security_group.g@n.id]
  }
}
resource "aws_sagemaker_endpoint_configuration" "e@n" {
  name        = "endpoint-@n"
  kms_key_arn = aws_kms_key.k@n.arn
  production_variants {
    variant_name           = "live"
    model_name             = aws_sagemaker_model.m@n.name
    instance_type          = "ml.m5.large"
    initial_instance_count = 1
  }
}
resource "aws_sagemaker_endpoint" "e@n" {
  name                 = "endpoint-@n"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.e@n.name
}
resource "aws_iam_instance_profile" "i@n" { role = aws_iam_role.r@n.name }
resource "aws_instance" "i@n" {
  ami                    = "ami-0123456789abcdef0"
  instance_type          = "g5.xlarge"
  subnet_id              = aws_subnet.@subnet@network.id
  vpc_security_group_ids = [aws_security_group.g@n.id]
  iam_instance_profile   = aws_iam_instance_profile.i@n.name
}
resource "aws_elasticache_subnet_group" "c@n" {
  name       = "cache-@n"
  subnet_ids = [aws_subnet.data@network.id]
}
resource "aws_elasticache_cluster" "c@n" {
  cluster_id         = "cache-@n"
  engine             = "redis"
  node_type          = "cache.t3.micro"
  num_cache_nodes    = 1
  subnet_group_name  = aws_elasticache_subnet_group.c@n.name
  security_group_ids = [aws_security_group.g@n.id]
}
resource "aws_lambda_function" "f@n" {
  function_name = "prepare-@n"
  role          = aws_iam_role.r@n.arn
  kms_key_arn   = aws_kms_key.k@n.arn
  vpc_config {
    subnet_ids         = [aws_subnet.private@network.id]
    security_group_ids = [aws_security_group.g@n.id]
  }
}
""")
_USER = _Text("""
resource "aws_iam_user" "u@{n}x@part" { name = "user-@n-@part" }
resource "aws_iam_user_policy_attachment" "u@{n}x@part" {
  user       = aws_iam_user.u@{n}x@part.name
  policy_arn = aws_iam_policy.a@n.arn
}
""")
_FRONT = _Text("""
resource "aws_lb" "l@n" {
  name            = "front-@n"
  internal        = true
  subnets         = [aws_subnet.private@network.id, aws_subnet.public@network.id]
  security_groups = [aws_security_group.g@n.id]
}
resource "aws_lb_target_group" "l@n" {
  port     = 443
  protocol = "HTTPS"
  vpc_id   = aws_vpc.v@network.id
}
resource "aws_lb_listener" "l@n" {
  load_balancer_arn = aws_lb.l@n.arn
  port              = 443
  protocol          = "HTTPS"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.l@n.arn
  }
}
resource "aws_lb_target_group_attachment" "l@n" {
  target_group_arn = aws_lb_target_group.l@n.arn
  target_id        = aws_instance.i@n.id
}
""")
_TEAM = _Text("""
apiVersion: v1
kind: Namespace
metadata: {name: team-@n, labels: {team: team-@n}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: sa-@n, namespace: team-@n, annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::111122223333:role/role-@n"}}
---
apiVersion: v1
kind: Secret
metadata: {name: secret-@n, namespace: team-@n}
stringData: {token: x}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings-@n, namespace: team-@n}
data: {REGION: eu-central-1}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: scratch-@n, namespace: team-@n}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 100Gi}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: role-@n, namespace: team-@n}
rules: [{apiGroups: [""], resources: [configmaps, pods], verbs: [get, list, watch]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding-@n, namespace: team-@n}
roleRef: {kind: @role_kind, name: @role}
subjects: [{kind: ServiceAccount, name: sa-@n, namespace: team-@n}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: trust-@n, namespace: team-@n}
data: {ca.pem: certificate}
---
apiVersion: v1
kind: Secret
metadata: {name: tls-@n, namespace: team-@n}
type: kubernetes.io/tls
---
""")
_POLICIES = _Text("""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: own-@n, namespace: team-@n}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {}}]
    - from: [{namespaceSelector: {matchLabels: {team: platform}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: nothing-@n, namespace: team-@n}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out-@n, namespace: team-@n}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - ports: [{port: 53, protocol: UDP}]
    - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: mesh-@n, namespace: team-@n}
spec: {rules: [{from: [{source: {namespaces: [team-@n]}}]}]}
---
""")
_SERVICE = _Text("""
apiVersion: v1
kind: Service
metadata: {name: svc-@n-@part, namespace: team-@n}
spec: {type: @kind, selector: {app: app-@n-@part}, ports: [{port: @port}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app-@n-@part, namespace: team-@n}
spec:
  selector: {matchLabels: {app: app-@n-@part}}
  template:
    metadata: {labels: {app: app-@n-@part}}
    spec:
      serviceAccountName: sa-@n
      containers:
        - {name: c, image: "@image", ports: [{containerPort: @port}], envFrom: [{secretRef: {name: secret-@n}}, {configMapRef: {name: settings-@n}}]}
        - {name: logs, image: "fluent/fluent-bit:3.1.9"}
      volumes:
        - {name: scratch, persistentVolumeClaim: {claimName: scratch-@n}}
        - {name: trust, projected: {sources: [{configMap: {name: trust-@n}}, {secret: {name: tls-@n}}]}}
---
""")


def write(folder: Path, assets: int) -> None:
    """About so many assets, in files of a team each."""
    random.seed(_SEED)
    teams = range(assets // _ASSETS_A_TEAM)
    (folder / ".github" / "workflows").mkdir(parents=True)
    for first in range(0, len(teams), _TEAMS):
        name = _division(first)
        theirs = teams[first : first + _TEAMS]
        (folder / ".github" / "workflows" / f"{name}.yaml").write_text(_PIPELINE.substitute(division=name))
        for part in ("cloud", "cluster"):
            (folder / name / part).mkdir(parents=True)
        (folder / name / "cloud" / "account.tf").write_text("".join(_account(name, theirs)))
        for n in theirs:
            (folder / name / "cloud" / f"team-{n}.tf").write_text("".join(_cloud(n, name, theirs)))
            (folder / name / "cluster" / f"team-{n}.yaml").write_text("".join(_cluster(n)))


def _division(team: int) -> str:
    return f"division-{team // _TEAMS:03}"


def _account(division: str, teams: range) -> Iterator[str]:
    yield _DEPLOYER.substitute(division=division)
    for place, name in enumerate(_JOB_FUNCTIONS):
        yield _JOB_FUNCTION.substitute(name=name, division=division, user=f"person-{place}")
    for n in range(_PEOPLE):
        yield _PERSON.substitute(n=n, name=_JOB_FUNCTIONS[n % len(_JOB_FUNCTIONS)])
    for n in range(1 + len(teams) // _TEAMS_A_NETWORK):
        yield _NETWORK.substitute(n=n)
        for place, (kind, table) in enumerate(_SUBNETS.items()):
            yield _SUBNET.substitute(n=n, kind=kind, third=16 * place, table=table)


def _cloud(n: int, division: str, teams: range) -> Iterator[str]:
    """A team's role reads its own buckets and those of a few others, one of them in another account."""
    own = [f"aws_s3_bucket.{kind}{m}.arn" for m in (n, *random.choices(teams, k=_SHARED)) for kind in "bm"]
    other = random.randrange(n + 1)
    named = [f'"arn:aws:s3:::{_division(other)}-training-data-{other}/*"', *(f'"${{{one}}}/*"' for one in own)]
    network = (n - teams[0]) // _TEAMS_A_NETWORK
    yield _CLOUD.substitute(
        n=n,
        division=division,
        network=network,
        subnet="public" if n % 10 == 0 else "private",
        buckets='"*"' if n % 30 == 0 else ", ".join((*own, *named)),
        lab=", ".join((own[0], f'"${{{own[0]}}}/*"', own[1], f'"${{{own[1]}}}/*"')),
        read=", ".join(named),
        sagemaker="*" if n % 20 == 0 else f"arn:aws:sagemaker:eu-central-1:111122223333:endpoint/endpoint-{n}",
    )
    for part in range(_USERS):
        yield _USER.substitute(n=n, part=part)
    if n % 10 == 0:
        yield _FRONT.substitute(n=n, network=network)


def _cluster(n: int) -> Iterator[str]:
    kind, role = ("ClusterRole", "admin") if n % 10 == 0 else ("Role", f"role-{n}")
    yield _TEAM.substitute(n=n, role_kind=kind, role=role)
    if n % 50:
        yield _POLICIES.substitute(n=n)
    for part in range(_SERVICES):
        opened = part == 0 and n % 50 == 0
        repository = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/team-{n}/service"
        yield _SERVICE.substitute(
            n=n,
            part=part,
            kind="LoadBalancer" if opened else "ClusterIP",
            port=8265 if opened else 8080,
            image="rayproject/ray:2.9" if opened else f"{repository}:1.{part}",
        )
