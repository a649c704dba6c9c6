"""Reading configuration that a test writes down, and showing what was read as plain data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from garrison.estate.resource import Resource
from garrison.estate.values import Body, State, Value
from garrison.sources import terraform
from garrison.sources.interface import File, Problem, Tree


class Unknown(msgspec.Struct, frozen=True):
    """An unknown, with what decides it and whose attribute it is."""

    decided_by: str = ""
    ref: str = ""


class Reading(msgspec.Struct):
    """What was read: resources by address, problems and notes."""

    resources: dict[str, Resource]
    tree: Tree

    @property
    def problems(self) -> list[Problem]:
        """What could not be read."""
        return self.tree.problems

    def value(self, address: str, *path: str) -> Value:
        """What a resource says."""
        return self.resources[address].at(path)

    def said(self, address: str, *path: str) -> Any:
        """The same as plain data."""
        return shown(self.value(address, *path))


def shown(value: Value) -> Any:
    """Plain data; unknown texts as lists of their parts, lists that may have more items with "..." at their end."""
    if value.state is State.ABSENT:
        return None
    if value.state is State.UNKNOWN:
        if isinstance(value.content, tuple):
            return [shown(part) for part in value.content]
        return Unknown(value.decided_by, f"{value.ref.address}.{value.ref.attribute}" if value.ref else "")
    if isinstance(value.content, tuple):
        return [*(shown(item) for item in value.content), *(["..."] if value.rest is not None else [])]
    if isinstance(value.content, Body):
        found: dict[str, Any] = {name: shown(item) for name, item in value.content.items()}
        return found | ({"...": "..."} if value.rest is not None else {})
    return value.content


Read = Callable[[Mapping[str, str | bytes]], Reading]
Evaluate = Callable[..., Value]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads files, given by their paths; those the format does not claim are only there to be read by functions."""

    def run(files: Mapping[str, str | bytes]) -> Reading:
        found = []
        for path, text in files.items():
            absolute = tmp_path / path
            absolute.parent.mkdir(parents=True, exist_ok=True)
            absolute.write_bytes(text if isinstance(text, bytes) else text.encode())
            file = File(path, absolute)
            if not path.startswith(".") and "/." not in path and terraform.claims(file):
                found.append(file)
        tree = Tree(tmp_path, found)
        return Reading({r.address: r for r in terraform.read(found, tree)}, tree)

    return run


@pytest.fixture
def evaluate(read: Read) -> Evaluate:
    """The value of an expression, in a module with more configuration around it."""

    def run(expression: str, around: str = "") -> Value:
        reading = read({"main.tf": f'resource "t" "x" {{\n  v = {expression}\n}}\n{around}'})
        assert not reading.problems
        return reading.value(".:t.x", "v")

    return run


@pytest.fixture
def give(evaluate: Evaluate) -> Callable[..., Any]:
    """The same as plain data."""
    return lambda expression, around="": shown(evaluate(expression, around))


def cases() -> list[tuple[str, Any]]:
    """Expressions and what they are; see cases.txt."""
    lines = Path(__file__).with_name("cases.txt").read_text().splitlines()
    found = [line.rpartition(" --> ") for line in lines if " --> " in line and not line.startswith("#")]
    return [(expression, json.loads(said)) for expression, _, said in found]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `case` runs once for each."""
    if "case" in metafunc.fixturenames:
        found = cases()
        metafunc.parametrize("case", found, ids=[expression for expression, _ in found])


@pytest.fixture
def all_cases() -> list[tuple[str, Any]]:
    """All of them at once."""
    return cases()


@pytest.fixture
def unknown_of() -> type[Unknown]:
    """How an unknown is shown."""
    return Unknown


@pytest.fixture
def show() -> Callable[[Value], Any]:
    """See `shown`."""
    return shown
