"""Terraform and OpenTofu: configuration in HCL and JSON, and plans as `terraform show -json` prints them.

A resource's *root* is the folder of its root module (a folder that no other one calls as a module), "." for the top;
its *address* is Terraform's own behind that: `infra/aws:module.data.aws_s3_bucket.raw["eu"]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "terraform", "Terraform"
ENDING, LANGUAGE = "tf", "hcl"  # of examples

_ENDINGS = (".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json")


def claims(file: File) -> bool:
    """Whether it is configuration or values, by its name, or a plan, by what it holds."""
    if file.name.endswith(_ENDINGS):
        return True
    if not file.name.endswith(".json"):
        return False
    return b'"planned_values"' in file.data and b'"format_version"' in file.data


def read(files: Sequence[File], tree: Tree) -> Iterable[Resource]:
    """Every resource of every root module and plan."""
    if not files:
        return
    from garrison.sources.terraform.project import read_project

    yield from read_project(files, tree)
