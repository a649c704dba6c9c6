"""Every type and path a mapping table names exists: in the providers' schemas, not only in somebody's memory.

CloudFormation is held against the resource schemas that cfn-lint ships, Terraform against the structs of the cdktf
provider wheels, read as text (importing them needs node). Names that a provider had once, or that the wheels do not
carry, stand in `earlier_names.toml` with the reason.
"""

from __future__ import annotations

import difflib
import importlib.util
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from garrison.sources.mapping.field import JSON, OWN, OWNER, WHOLE, Field, Steps
from garrison.sources.mapping.table import EVERY, Part, Table, all_tables

pytestmark = pytest.mark.facts

EARLIER: dict[str, str] = tomllib.loads(Path(__file__).with_name("earlier_names.toml").read_text("utf8"))
_PROVIDERS = {"aws": "aws", "google": "google", "azurerm": "azurerm", "databricks": "databricks"}
_META = {"count", "depends_on", "for_each", "lifecycle", "provider"}
_STRUCT = re.compile(r"^class (\w+)[(:]", re.MULTILINE)
_SIGNATURE = re.compile(r"def __init__\(\s*self,\s*\*,\s*(.*?),?\s*\) -> None:\n +'''(.*?)'''", re.DOTALL)
_PARAMETER = re.compile(r"(\w+): ")
_ANCHOR = re.compile(r"#(\w+)\}")
_NESTED = re.compile(r'"(\w+)"')


class Position(Protocol):
    """A place in a schema."""

    def step(self, name: str) -> Position | None:
        """What lies under a name; None where there is nothing of that name."""
        ...

    def names(self) -> Iterable[str]:
        """The names that may be said here."""
        ...


class Anything:
    """A mapping or a document whose names are the writer's."""

    def step(self, name: str) -> Position | None:
        return self

    def names(self) -> Iterable[str]:
        return ()


class Scalar:
    """A text, a number, a truth, or a list of them."""

    def step(self, name: str) -> Position | None:
        if name == JSON:
            return Anything()
        return self if name == "*" else None

    def names(self) -> Iterable[str]:
        return ()


class Block(NamedTuple):
    """A struct of a Terraform resource."""

    structs: dict[str, dict[str, str]]
    struct: str

    def step(self, name: str) -> Position | None:
        if name == "*":
            return self  # nested blocks are lists, whatever the number of them
        said = self.structs[self.struct].get(name)
        if said is None:
            return None
        nested = [n for n in _NESTED.findall(said) if n in self.structs]
        if nested:
            return Block(self.structs, nested[0])
        return Anything() if "typing.Mapping" in said or "typing.Any" in said.split("]")[0] else Scalar()

    def names(self) -> Iterable[str]:
        return self.structs[self.struct]


class Shape(NamedTuple):
    """A piece of a CloudFormation resource schema."""

    whole: dict[str, Any]
    schema: dict[str, Any]

    def step(self, name: str) -> Position | None:
        pieces = list(self._pieces())
        for piece in pieces:
            if name == "*" and isinstance(piece.get("items"), dict):
                return Shape(self.whole, piece["items"])
            if name in piece.get("properties", {}):
                return Shape(self.whole, piece["properties"][name])
        for piece in pieces:
            for values in (piece.get("patternProperties", {}).values(), [piece.get("additionalProperties")]):
                for value in values:
                    if isinstance(value, dict):
                        return Shape(self.whole, value)
        if any(_is_open(piece) for piece in pieces):
            return Anything()
        # A list of one is entered without "*".
        inner = [Shape(self.whole, p["items"]).step(name) for p in pieces if isinstance(p.get("items"), dict)]
        return next((i for i in inner if i is not None), None)

    def names(self) -> Iterable[str]:
        return [name for piece in self._pieces() for name in piece.get("properties", {})]

    def _pieces(self) -> Iterator[dict[str, Any]]:
        stack, seen = [self.schema], 0
        while stack and seen < 200:
            piece, seen = stack.pop(), seen + 1
            ref = piece.get("$ref", "")
            if ref.startswith("#/"):
                found: Any = self.whole
                for key in ref[2:].split("/"):
                    found = found[key]
                stack.append(found)
            yield piece
            for key in ("oneOf", "anyOf", "allOf"):
                stack += piece.get(key, [])


def _is_open(piece: dict[str, Any]) -> bool:
    types = piece.get("type", [])
    is_object = "object" in ([types] if isinstance(types, str) else types)
    return is_object and not any(k in piece for k in ("properties", "oneOf", "anyOf", "allOf", "patternProperties"))


@cache
def terraform(type_: str) -> Position | None:
    """The arguments of a Terraform resource; None where the provider has no such resource."""
    provider, _, name = type_.partition("_")
    if provider not in _PROVIDERS:
        return None
    file = _package(f"cdktf_cdktf_provider_{provider}") / name / "__init__.py"
    if not file.is_file():
        return None
    structs: dict[str, dict[str, str]] = {}
    top = ""
    for chunk in file.read_text("utf8").split("@jsii.data_type(")[1:]:
        heading, signature = _STRUCT.search(chunk), _SIGNATURE.search(chunk)
        if heading is None:
            continue
        structs[heading[1]] = dict(_arguments(signature[1], signature[2])) if signature else {}
        if "TerraformMetaArguments]" in chunk[: heading.start()]:
            top = heading[1]
    assert top, f"the arguments of {type_} were not found in {file}"
    return Block(structs, top)


def _arguments(signature: str, doc: str) -> Iterator[tuple[str, str]]:
    """Terraform's name of each argument, which the link to its documentation carries, and its type."""
    _, *said_types = _PARAMETER.split(signature)
    types = dict(zip(said_types[::2], said_types[1::2], strict=True))
    for said in doc.split("\n        :param ")[1:]:
        name = said.partition(":")[0]
        anchors = _ANCHOR.findall(said)
        if name in _META or not anchors:
            continue
        yield anchors[-1], types[name]


@cache
def cloudformation(type_: str) -> Position | None:
    """The properties of a CloudFormation resource; None where there is no such resource."""
    for provider in ("us-east-1", "sam"):
        digest = _cloudformation_types(provider).get(type_)
        if digest is not None:
            schema = json.loads((_package("cfnlint") / f"data/schemas/resources/{digest}.json").read_bytes())
            return Shape(schema, {"properties": schema["properties"]})
    return None


@cache
def _cloudformation_types(provider: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((_package("cfnlint") / f"data/schemas/providers/{provider}.json").read_bytes())
    return found


@cache
def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{name} is not installed: it is of the facts group")
    return Path(found.submodule_search_locations[0])


FACTS = {"terraform": terraform, "cloudformation": cloudformation}


class Start(NamedTuple):
    """Where paths begin: a position in the schema of a type, and the path to it for messages."""

    type: str
    at: Position
    path: Steps = ()

    def follow(self, steps: Steps) -> Start | str:
        """Where a path leads, or what is wrong with it."""
        here = self
        for step in steps:
            path = (*here.path, step)
            under = here.at.step(step)
            if under is None:
                said = ".".join((self.type, *(p for p in path if p != "*")))
                if said in EARLIER:
                    return Start(self.type, Anything(), path)
                near = difflib.get_close_matches(step, here.at.names(), 3, 0.5)
                meant = f" (near it: {', '.join(near)})" if near else ""
                return f"{'.'.join((self.type, *here.path))} has no {step!r}{meant}"
            here = Start(self.type, under, path)
        return here


def problems(table: Table) -> Iterator[str]:
    """What a table names that does not exist."""
    resources: dict[str, list[Start]] = {OWN: [], WHOLE: []}
    for type_, roots in table.roots.items():
        start = _start(table, type_)
        if isinstance(start, str):
            yield start
            continue
        resources[WHOLE].append(start)
        for steps in roots.values():
            led = start.follow(steps)
            if isinstance(led, str):
                yield f"where it begins: {led}"
            else:
                resources[OWN].append(led)
    for type_, (alias, by) in table.companions.items():
        start = _start(table, type_)
        if isinstance(start, str):
            yield f"companion {alias}: {start}"
            continue
        resources.setdefault(alias, []).append(start)
        for steps in by:
            if steps != EVERY:
                yield from _path(f"companion {alias}", [start], steps)
    yield from _path("name", resources.get(table.name[0], []), table.name[1])
    yield from _fields(table.fields, resources)
    for part in table.parts:
        yield from _part(part, resources)


def _part(part: Part, resources: dict[str, list[Start]]) -> Iterator[str]:
    pieces: list[Start] = []
    for owner, steps in part.paths:
        if owner not in resources:
            yield f"part {part.name}: no companion is called {owner!r}"
            continue
        yield from _path(f"part {part.name}", resources[owner], steps)
        led = [start.follow(steps) for start in resources[owner]]
        pieces += [p for p in led if not isinstance(p, str)]
        for key in part.where.get(owner, {}):
            yield from _path(f"part {part.name} where", pieces, (key,))
    inner = {OWN: pieces, OWNER: resources[OWN], WHOLE: resources[WHOLE]}
    for message in _fields(part.fields, inner):
        yield f"part {part.name}: {message}"


def _fields(fields: Sequence[Field], resources: dict[str, list[Start]]) -> Iterator[str]:
    for field in fields:
        for owner, steps in field.paths:
            if owner in resources:
                yield from _path(f"field {field.name}", resources[owner], steps)
            else:
                yield f"field {field.name}: no companion is called {owner!r}"


def _path(what: str, starts: Sequence[Start], steps: Steps) -> Iterator[str]:
    """A path must lead somewhere in at least one of the types it is asked of."""
    led = [start.follow(steps) for start in starts]
    if led and all(isinstance(found, str) for found in led):
        yield f"{what}, path {'.'.join(steps)}: {'; '.join(str(found) for found in led[:4])}"


def _start(table: Table, type_: str) -> Start | str:
    found = FACTS[table.format](type_)
    if found is not None:
        return Start(type_, found)
    return Start(type_, Anything()) if type_ in EARLIER else f"{table.format} has no type {type_}"


def _tables() -> list[Table]:
    return [table for format_ in FACTS for table in all_tables(format_)]


@pytest.mark.parametrize("table", _tables(), ids=lambda t: f"{t.source}-{t.format}")
def test_table_names_what_exists(table: Table) -> None:
    found = [f"{table.source} ({table.format}): {problem}" for problem in problems(table)]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("name", sorted(EARLIER))
def test_earlier_name_is_not_there_now(name: str) -> None:
    """Else it need not be excused."""
    type_, *steps = name.split(".")
    found = FACTS["cloudformation" if ":" in type_ else "terraform"](type_)
    if found is not None:
        assert steps, f"{type_} is there"
        assert isinstance(Start(type_, found).follow(tuple(steps[:-1])), Start)
        led: Position | None = found
        for step in steps:
            led = led.step(step) if led is not None else None
        assert led is None, f"{name} is there"


def test_wrong_names_are_found() -> None:
    """The facts themselves are read rightly: what is there is found, what is not is not."""
    bucket = _start_of("terraform", "aws_s3_bucket_public_access_block")
    assert isinstance(bucket.follow(("ignore_public_acls",)), Start)
    assert bucket.follow(("ignore_public_acl",)) == (
        "aws_s3_bucket_public_access_block has no 'ignore_public_acl'"
        " (near it: ignore_public_acls, block_public_acls, block_public_policy)"
    )
    rules = _start_of("terraform", "aws_s3_bucket_server_side_encryption_configuration")
    assert isinstance(rules.follow(("rule", "apply_server_side_encryption_by_default", "sse_algorithm")), Start)
    assert isinstance(rules.follow(("rule", "sse_algorithm")), str)
    stack = _start_of("cloudformation", "AWS::S3::Bucket")
    encryption = ("BucketEncryption", "ServerSideEncryptionConfiguration", "*", "ServerSideEncryptionByDefault")
    assert isinstance(stack.follow((*encryption, "SSEAlgorithm")), Start)
    assert isinstance(stack.follow((*encryption, "SseAlgorithm")), str)
    assert terraform("aws_s3_pail") is None
    assert cloudformation("AWS::S3::Pail") is None


def _start_of(format_: str, type_: str) -> Start:
    found = FACTS[format_](type_)
    assert found is not None
    return Start(type_, found)
