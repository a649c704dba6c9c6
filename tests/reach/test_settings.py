"""A variable taken from a ConfigMap or Secret is what stands there, and unknown where that is not in the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.workload import Container
from garrison.estate.estate import Estate
from garrison.reach.link import link
from garrison.reach.selectors import link_selectors
from garrison.reach.settings import variable_of
from garrison.sources.discover import discover
from garrison.sources.interface import formats
from garrison.sources.mapping.assemble import assets_of

SETTINGS = """\
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {MODE: token}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: two}, data: {OTHER: x}}
---
{apiVersion: v1, kind: Secret, metadata: {name: hub}, data: {MODE: dG9rZW4=}}
"""


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ("env: [{name: MODE, value: token}]", True),
        ("env: [{name: MODE, valueFrom: {configMapKeyRef: {name: one, key: MODE}}}]", True),
        ("env: [{name: MODE, valueFrom: {secretKeyRef: {name: hub, key: MODE}}}]", True),
        ("env: [{name: MODE, valueFrom: {configMapKeyRef: {name: two, key: OTHER}}}]", False),
        ("env: [{name: MODE, valueFrom: {configMapKeyRef: {name: gone, key: MODE}}}]", None),
        ("envFrom: [{configMapRef: {name: one}}]", True),
        ("envFrom: [{configMapRef: {name: two}}]", False),
        ("envFrom: [{configMapRef: {name: one}}, {secretRef: {name: gone}}]", None),
        ("envFrom: [{configMapRef: {name: one}, prefix: RAY_}]", False),
        ("tty: true", False),
    ],
)
def test_variable(tmp_path: Path, environment: str, answer: bool | None) -> None:
    pod = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: a:1, {environment}}}]}}\n"
    (tmp_path / "a.yaml").write_text(pod + SETTINGS)
    tree = discover(tmp_path)
    (reader,) = [f for f in formats() if f.NAME == "kubernetes"]
    estate = Estate(assets_of("kubernetes", reader.read(list(tree.files.values()), tree)))
    assert not tree.problems
    link(estate)
    link_selectors(estate)
    (container,) = estate.of(Container)
    assert variable_of(container, estate.near(container), "MODE").equals("token").answer is answer
