"""What stands in a text of JSON is read as if the format had said it, however the text is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.workload import Container
from garrison.sources import terraform
from garrison.sources.discover import discover
from garrison.sources.mapping.assemble import assets_of

BY_FUNCTION = 'jsonencode([{ name = "scorer", image = "scorer:1", privileged = true, user = "10001" }])'
BY_TEXT = """<<-JSON
    [{"name": "scorer", "image": "scorer:1", "privileged": true, "user": "10001"}]
  JSON"""
WITH_HOLE = """<<-JSON
    [{"name": "scorer", "image": "${var.registry}/scorer:1", "privileged": true, "user": "10001"}]
  JSON"""


def containers(folder: Path, definitions: str) -> list[Container]:
    text = 'variable "registry" {}\nresource "aws_ecs_task_definition" "s" {\n  family = "s"\n'
    (folder / "main.tf").write_text(f"{text}  container_definitions = {definitions}\n}}\n")
    tree = discover(folder)
    found = assets_of("terraform", terraform.read(list(tree.files.values()), tree))
    return [asset for asset in found if isinstance(asset, Container)]


@pytest.mark.parametrize("definitions", [BY_FUNCTION, BY_TEXT, WITH_HOLE], ids=["function", "text", "hole"])
def test_read(tmp_path: Path, definitions: str) -> None:
    (container,) = containers(tmp_path, definitions)
    assert container.privileged.yes
    assert container.runs_as_root.no
    assert container.label == "scorer"


def test_a_hole_is_unknown_and_nothing_else(tmp_path: Path) -> None:
    (container,) = containers(tmp_path, WITH_HOLE)
    assert container.image.equals("other:1").no
    assert container.image.equals("registry.example.com/scorer:1").unknown


@pytest.mark.parametrize("definitions", ['"no json"', '"[[[["', "var.registry", '"null"', '"7"', '"{}"'])
def test_what_is_no_list_of_containers_has_none_that_run_privileged(tmp_path: Path, definitions: str) -> None:
    assert not any(c.privileged.yes for c in containers(tmp_path, definitions))


def test_a_deep_text_does_not_break_it(tmp_path: Path) -> None:
    assert not any(c.privileged.yes for c in containers(tmp_path, '"' + "[" * 20_000 + '"'))
