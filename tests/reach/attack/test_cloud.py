"""Steps in a cloud, each with a rule that makes it and one missing that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from garrison.reach.path import Paths
from garrison.reach.paths import prepared, ways_between
from garrison.scan.scan import Settings, estate_of

from .conftest import told

Find = Callable[..., Paths]

DATA = 'resource "aws_s3_bucket" "d" { bucket = "fraud-training-data" }\n'


def role(name: str, trust: str, actions: str = "", resources: str = '"*"') -> str:
    text = f"""
resource "aws_iam_role" "{name}" {{
  name               = "{name}"
  assume_role_policy = jsonencode({{ Statement = [{trust}] }})
}}
"""
    if actions:
        text += f"""
resource "aws_iam_role_policy" "{name}" {{
  role   = aws_iam_role.{name}.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = {actions}, Resource = {resources} }}] }})
}}
"""
    return text


def service(name: str) -> str:
    return f'{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "{name}.amazonaws.com" }} }}'


NOTEBOOK = """
resource "aws_sagemaker_notebook_instance" "n" {
  name          = "lab"
  instance_type = "ml.t3.medium"
  role_arn      = aws_iam_role.lab.arn
}
"""


def test_what_a_notebook_is_for_is_no_path(paths: Find) -> None:
    named = role("lab", service("sagemaker"), '"s3:GetObject"', '"${aws_s3_bucket.d.arn}/*"')
    assert told(paths(main_tf=DATA + NOTEBOOK + named)) == []


def test_what_it_reads_with_everything_else_is(paths: Find) -> None:
    found = told(paths(main_tf=DATA + NOTEBOOK + role("lab", service("sagemaker"), '"s3:*"')))
    assert found == ["a notebook user: works in lab | runs as lab | reads fraud-training-data = training data"]


def test_an_administrator_is_nobody_by_design(paths: Find) -> None:
    found = told(paths(main_tf=DATA + NOTEBOOK + role("lab", service("sagemaker"), '"*"')))
    assert found[0] == "a notebook user: works in lab | runs as lab = administration"
    assert "a notebook user: works in lab | runs as lab | reads fraud-training-data = training data" in found


@pytest.mark.parametrize(
    ("actions", "trust", "there"),
    [
        ('["iam:PassRole", "sagemaker:CreateTrainingJob"]', service("sagemaker"), True),
        ('["iam:PassRole", "lambda:*"]', service("lambda"), True),
        ('["iam:PassRole", "sagemaker:CreateTrainingJob"]', service("lambda"), False),
        ('["iam:PassRole", "lambda:CreateFunction"]', service("lambda"), False),
        ('["sagemaker:CreateTrainingJob"]', service("sagemaker"), False),
    ],
    ids=["both", "by wildcard", "another service", "never run", "passes none"],
)
def test_passing_a_role_to_something_new(actions: str, trust: str, there: bool, paths: Find) -> None:
    chief = role("chief", trust, '"*"')
    found = told(paths(main_tf=NOTEBOOK + role("lab", service("sagemaker"), actions) + chief), end="= administration")
    assert bool(found) is there
    assert all("that it controls, chief" in line for line in found)


@pytest.mark.parametrize(
    ("actions", "resources", "there"),
    [
        ('"iam:PutRolePolicy"', '"*"', True),
        ('"iam:AttachRolePolicy"', '"arn:aws:iam::111122223333:role/*"', True),
        ('"iam:PutRolePolicy"', '"arn:aws:iam::111122223333:role/other"', False),
        ('"iam:GetRolePolicy"', '"*"', False),
    ],
)
def test_giving_itself_more(actions: str, resources: str, there: bool, paths: Find) -> None:
    found = told(paths(main_tf=NOTEBOOK + role("lab", service("sagemaker"), actions, resources)))
    assert bool(found) is there
    assert all(line.endswith("= administration") for line in found)


def test_a_condition_makes_a_way_unsure(paths: Find) -> None:
    text = role("lab", service("sagemaker"), '"iam:PutRolePolicy"').replace(
        'Resource = "*"', 'Resource = "*", Condition = { StringEquals = { "aws:PrincipalTag/t" = "x" } }'
    )
    (line,) = told(paths(main_tf=NOTEBOOK + text))
    assert line.endswith("? = administration")


def test_roles_are_chained_by_trust(paths: Find) -> None:
    trust = '{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = aws_iam_role.lab.arn } }'
    chief = role("chief", trust, '"*"')
    found = told(paths(main_tf=NOTEBOOK + role("lab", service("sagemaker")) + chief))
    assert found == ["a notebook user: works in lab | runs as lab | assumes chief = administration"]
    strangers = chief.replace("AWS = aws_iam_role.lab.arn", 'AWS = "arn:aws:iam::111122223333:role/other"')
    assert told(paths(main_tf=NOTEBOOK + role("lab", service("sagemaker")) + strangers)) == []


OIDC = """
resource "aws_iam_openid_connect_provider" "ci" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
"""
BY_TOKEN = """{
  Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity"
  Principal = { Federated = aws_iam_openid_connect_provider.ci.arn }
  Condition = { StringLike = { "token.actions.githubusercontent.com:sub" = "SUBJECT" } }
}"""


def test_a_job_of_the_pipeline_that_is_administrator(paths: Find) -> None:
    text = OIDC + role("deploy", BY_TOKEN.replace("SUBJECT", "repo:example/fraud:ref:refs/heads/main"), '"*"')
    assert told(paths(main_tf=text)) == ["a CI job: takes on deploy = administration"]


def test_a_job_that_does_what_it_is_for_is_no_path(paths: Find) -> None:
    named = role(
        "deploy", BY_TOKEN.replace("SUBJECT", "repo:example/fraud:*"), '"s3:PutObject"', '"${aws_s3_bucket.d.arn}/*"'
    )
    assert told(paths(main_tf=OIDC + DATA + named)) == []


def test_a_job_of_any_repository_is_the_internet(paths: Find) -> None:
    text = (
        OIDC
        + DATA
        + role("deploy", BY_TOKEN.replace("SUBJECT", "repo:*"), '"s3:PutObject"', '"${aws_s3_bucket.d.arn}/*"')
    )
    line = "the internet: takes on, with a job of any repository, deploy | writes fraud-training-data = training data"
    assert line in told(paths(main_tf=text))


MODELS = """
resource "aws_s3_bucket" "m" { bucket = "models" }
resource "aws_sagemaker_model" "m" {
  name               = "card-fraud"
  execution_role_arn = aws_iam_role.serve.arn
  primary_container {
    image          = "IMAGE"
    model_data_url = "s3://models/card-fraud/model.tar.gz"
  }
}
"""
POLICY = """
resource "aws_s3_bucket_policy" "m" {
  bucket = aws_s3_bucket.m.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Principal = "*", Action = "ACTION", Resource = "${aws_s3_bucket.m.arn}/*" }] })
}
resource "aws_s3_bucket_public_access_block" "m" {
  bucket                  = aws_s3_bucket.m.id
  block_public_policy     = false
  restrict_public_buckets = false
}
"""
SERVE = role("serve", service("sagemaker"), '"s3:GetObject"', '"${aws_s3_bucket.d.arn}/*"')


def test_whoever_writes_models_runs_code_where_they_are_loaded(paths: Find) -> None:
    text = DATA + MODELS + SERVE + POLICY.replace("ACTION", "s3:PutObject")
    found = told(paths(main_tf=text), end="= training data")
    line = "the internet: writes, as anybody can, models | gives its model to card-fraud | runs as serve"
    assert found == [f"{line} | reads fraud-training-data = training data"]
    only_read = DATA + MODELS + SERVE + POLICY.replace("ACTION", "s3:GetObject")
    assert told(paths(main_tf=only_read), end="= training data") == []


REGISTRY = """
resource "aws_ecr_repository" "r" {
  name                 = "fraud/serving"
  image_tag_mutability = "MUTABILITY"
}
"""


@pytest.mark.parametrize(
    ("image", "mutability", "there"),
    [
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud/serving:latest", "MUTABLE", True),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud/serving:latest", "IMMUTABLE", False),
        (f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud/serving@sha256:{'0' * 64}", "MUTABLE", False),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/fraud/other:latest", "MUTABLE", False),
    ],
)
def test_whoever_pushes_images_runs_code_where_they_are_started(
    image: str, mutability: str, there: bool, paths: Find
) -> None:
    pusher = role("lab", service("sagemaker"), '"ecr:PutImage"')
    text = (
        DATA + MODELS.replace("IMAGE", image) + SERVE + REGISTRY.replace("MUTABILITY", mutability) + pusher + NOTEBOOK
    )
    found = told(paths(main_tf=text), end="= training data")
    assert bool(found) is there
    assert all("writes fraud/serving | gives its image to card-fraud | runs as serve" in line for line in found)


@pytest.mark.parametrize(
    ("actions", "there"), [('"lambda:UpdateFunctionCode"', True), ('"lambda:InvokeFunction"', False)]
)
def test_putting_code_into_what_runs(actions: str, there: bool, paths: Find) -> None:
    text = DATA + NOTEBOOK + role("lab", service("sagemaker"), actions)
    text += role("work", service("lambda"), '"s3:GetObject"', '"${aws_s3_bucket.d.arn}/*"')
    text += 'resource "aws_lambda_function" "f" {\n  function_name = "score"\n  role = aws_iam_role.work.arn\n}\n'
    found = told(paths(main_tf=text), end="= training data")
    assert bool(found) is there


def test_what_is_public_is_read_at_once(paths: Find) -> None:
    text = DATA.replace(" }\n", '\n  acl = "public-read"\n}\n')
    assert told(paths(main_tf=text)) == ["the internet: reads, as anybody can, fraud-training-data = training data"]
    assert told(paths(main_tf=DATA)) == []


BOX = """
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_internet_gateway" "g" { vpc_id = aws_vpc.v.id }
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_route_table" "t" {
  vpc_id = aws_vpc.v.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.g.id
  }
}
resource "aws_route_table_association" "a" {
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.t.id
}
resource "aws_security_group" "s" {
  vpc_id = aws_vpc.v.id
  ingress {
    protocol    = "tcp"
    from_port   = PORT
    to_port     = PORT
    cidr_blocks = ["CIDR"]
  }
}
resource "aws_iam_instance_profile" "p" { role = aws_iam_role.box.name }
resource "aws_instance" "box" {
  ami                         = "ami-1"
  instance_type               = "p4d.24xlarge"
  subnet_id                   = aws_subnet.a.id
  vpc_security_group_ids      = [aws_security_group.s.id]
  associate_public_ip_address = true
  iam_instance_profile        = aws_iam_instance_profile.p.name
  tags                        = { Name = "box" }
}
"""
BOX_ROLE = role("box", service("ec2"), '"s3:GetObject"', '"${aws_s3_bucket.d.arn}/*"')


@pytest.mark.parametrize(
    ("port", "cidr", "there"),
    [
        ("8888", "0.0.0.0/0", True),
        ("8888", "198.51.100.0/24", False),
        ("443", "0.0.0.0/0", False),
        ("22", "0.0.0.0/0", False),
    ],
    ids=["Jupyter's port", "a partner", "HTTPS is no take-over", "SSH with keys is none"],
)
def test_a_machine_with_an_open_port(port: str, cidr: str, there: bool, paths: Find) -> None:
    text = DATA + BOX.replace("PORT", port).replace("CIDR", cidr) + BOX_ROLE
    found = told(paths(main_tf=text))
    assert bool(found) is there
    for line in found:
        assert line == (
            "the internet: reaches port 8888 (Jupyter) of box"
            " | gives, to whoever makes it ask its metadata service, box | reads fraud-training-data ? = training data"
        )


def test_without_a_route_nobody_comes_in(paths: Find) -> None:
    text = DATA + BOX.replace("PORT", "8888").replace("CIDR", "0.0.0.0/0") + BOX_ROLE
    assert told(paths(main_tf=text.replace("gateway_id = aws", "nat_gateway_id = aws"))) == []


STACK = """
Resources:
  Data: {Type: "AWS::S3::Bucket", Properties: {BucketName: fraud-training-data}}
  Lab: {Type: "AWS::SageMaker::NotebookInstance", Properties: {InstanceType: ml.t3.medium, RoleArn: !GetAtt Role.Arn, NotebookInstanceName: lab}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: lab
      AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: "sts:AssumeRole", Principal: {Service: sagemaker.amazonaws.com}}]}
      Policies: [{PolicyName: p, PolicyDocument: {Statement: [{Effect: Allow, Action: "s3:*", Resource: RESOURCE}]}}]
"""


@pytest.mark.parametrize(("resource", "there"), [('"*"', True), ('!Sub "${Data.Arn}/*"', False)])
def test_the_same_in_cloudformation(resource: str, there: bool, paths: Find) -> None:
    found = told(paths(stack_yaml=STACK.replace("RESOURCE", resource)), end="= training data")
    assert found == ["a notebook user: works in lab | runs as lab | reads fraud-training-data = training data"] * there


USER = """
resource "aws_iam_user" "u" { name = "ann" }
resource "aws_iam_user_policy" "u" {
  user   = aws_iam_user.u.name
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "${aws_s3_bucket.d.arn}/*" }] })
}
"""


def test_what_a_user_may_do_is_told_when_asked_for(tmp_path: Path) -> None:
    """Nobody begins as a user, so that no path needs his steps; `--between` does."""
    (tmp_path / "main.tf").write_text(DATA + USER)
    estate, book, _ = estate_of([tmp_path], Settings())
    assert "reads" not in {step.words for step in prepared(estate, book.exposure).steps.found}
    (way,) = ways_between(estate, book.exposure, "ann", "fraud-training-data")
    assert [hop.words for hop in way.hops] == ["reads"]
