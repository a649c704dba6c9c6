"""Inputs of a chosen size, made of resources as people write them."""

from __future__ import annotations

from pathlib import Path

_TERRAFORM = """
resource "aws_s3_bucket" "data_{n}" {{
  bucket = "${{var.prefix}}-training-data-{n}"
  tags   = {{ environment = var.environment, team = "fraud-{team}" }}
}}

resource "aws_s3_bucket_public_access_block" "data_{n}" {{
  bucket                  = aws_s3_bucket.data_{n}.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = {odd}
}}

resource "aws_security_group" "trainer_{n}" {{
  name   = "trainer-{n}"
  vpc_id = var.vpc
  ingress {{
    from_port   = {port}
    to_port     = {port}
    protocol    = "tcp"
    cidr_blocks = ["10.{team}.0.0/16"]
  }}
}}

resource "aws_sagemaker_notebook_instance" "lab_{n}" {{
  name                   = "lab-{n}"
  instance_type          = "ml.t3.medium"
  role_arn               = aws_iam_role.lab_{n}.arn
  direct_internet_access = "Disabled"
  root_access            = "Disabled"
  subnet_id              = var.subnet
  security_groups        = [aws_security_group.trainer_{n}.id]
}}

resource "aws_iam_role" "lab_{n}" {{
  name               = "lab-{n}"
  assume_role_policy = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "sagemaker.amazonaws.com" }} }}]
  }})
}}
"""
_VARIABLES = """
variable "prefix" { default = "fraud" }
variable "environment" {}
variable "vpc" {}
variable "subnet" {}
"""
_MANIFEST = """---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: scorer-{n}, namespace: team-{team}}}
spec:
  selector: {{matchLabels: {{app: scorer-{n}}}}}
  template:
    metadata: {{labels: {{app: scorer-{n}}}}}
    spec:
      serviceAccountName: scorer
      containers:
        - name: scorer
          image: registry.example.com/scorer@sha256:{digest}
          ports: [{{containerPort: {port}}}]
          securityContext: {{runAsNonRoot: {odd}, allowPrivilegeEscalation: false}}
---
apiVersion: v1
kind: Service
metadata: {{name: scorer-{n}, namespace: team-{team}}}
spec:
  selector: {{app: scorer-{n}}}
  ports: [{{port: 80, targetPort: {port}}}]
"""
RESOURCES_PER_TERRAFORM_BLOCK, RESOURCES_PER_MANIFEST = 5, 2


def terraform(folder: Path, resources: int, per_file: int = 100) -> None:
    """A Terraform root module of about so many resources, in files of `per_file`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "variables.tf").write_text(_VARIABLES)
    _write(folder, _TERRAFORM, resources // RESOURCES_PER_TERRAFORM_BLOCK, per_file // 5, "tf")


def kubernetes(folder: Path, resources: int, per_file: int = 100) -> None:
    """Manifests of about so many objects, in files of `per_file`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, _MANIFEST, resources // RESOURCES_PER_MANIFEST, per_file // 2, "yaml")


def _write(folder: Path, template: str, blocks: int, per_file: int, ending: str) -> None:
    for first in range(0, blocks, per_file):
        text = "".join(
            template.format(
                n=n, team=n % 200, port=8000 + n % 1000, odd="true" if n % 2 else "false", digest=f"{n:064x}"
            )
            for n in range(first, min(first + per_file, blocks))
        )
        (folder / f"part-{first:06}.{ending}").write_text(text)
