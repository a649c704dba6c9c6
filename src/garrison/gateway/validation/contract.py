"""The file that says what a model takes: a JSON Schema, or the tensors of a model of the Open Inference Protocol.

A file of tensors is an object with `tensors`, and optionally `schema` for what JSON Schema says better; any other object
is a JSON Schema. JSON and YAML are read; numbers keep every digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from garrison.errors import ConfigError
from garrison.gateway.validation.schema import Where, step
from garrison.gateway.validation.tensors import Tensors, check
from garrison.sources.documents import YAML_WORDS, compose, plain
from garrison.sources.nodes import Mapping, Node, Scalar, Style

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_MAX_DIGITS = 400  # of a number in a schema


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What a model takes, and where that is said. At least one of `schema` and `tensors` is there."""

    schema: object = None
    tensors: Tensors | None = None
    where: Where = Where()


def load(path: Path, shown: str = "") -> Contract:
    """Read a file; `shown` is its name as the user wrote it. Raises ConfigError."""
    said, where = document(path, shown or str(path))
    return contract(said, where)


def document(path: Path, shown: str) -> tuple[Any, Where]:
    """What a JSON or YAML file says, and the line of everything in it. Raises ConfigError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = "check its name and permissions"
        raise ConfigError(f"it cannot be read: {error.strerror}", path=shown, hint=hint) from error
    documents = list(compose(data))
    for complaint in (complaint for document in documents for complaint in document.complaints):
        raise ConfigError(complaint.message, path=shown, line=complaint.line, hint=complaint.hint)
    if len(documents) != 1 or documents[0].node is None:
        raise ConfigError("expected one document", path=shown, hint="write one JSON Schema, or one object with tensors")
    lines: dict[str, int] = {}
    return _value(documents[0].node, "", lines), Where(shown, lines)


def contract(said: object, where: Where) -> Contract:
    """What a document says of a model. Raises ConfigError."""
    if not isinstance(said, dict) or "tensors" not in said:
        return Contract(schema=said, where=where)
    for key in said.keys() - {"$comment", "tensors", "schema"}:
        where.wrong(step("", key), f"{key!r} is not known beside tensors", "expected tensors and schema")
    try:
        tensors = msgspec.convert(said["tensors"], Tensors)
    except msgspec.ValidationError as error:
        message, _, at = str(error).partition(" - at `$")
        pointer = "/tensors" + re.sub(r"[.\[]", "/", at.rstrip("`").replace("]", ""))
        hint = "an input has name, datatype and shape, and may have minimum, maximum, max_bytes and optional"
        where.wrong(pointer, message, hint)
    check(tensors, msgspec.structs.replace(where, prefix="/tensors"))
    return Contract(schema=said.get("schema"), tensors=tensors, where=msgspec.structs.replace(where, prefix="/schema"))


def _value(node: Node, pointer: str, lines: dict[str, int]) -> Any:
    """What a node says, and the line of each pointer."""
    lines[pointer] = (node.start >> 20) + 1
    if isinstance(node, Scalar):
        return _scalar(node)
    if not isinstance(node, Mapping):
        return [_value(item, step(pointer, n), lines) for n, item in enumerate(node.items)]
    return {key: _value(value, step(pointer, key), lines) for key, value in _pairs(node)}


def _pairs(node: Mapping) -> Iterator[tuple[str, Node]]:
    for key, value in zip(node.pairs[::2], node.pairs[1::2], strict=True):
        yield (key.text if isinstance(key, Scalar) else "", value)


def _scalar(node: Scalar) -> Any:
    if node.style is Style.TEXT:
        return node.text
    if _NUMBER.fullmatch(node.text) and len(node.text) <= _MAX_DIGITS:
        return int(node.text) if _INTEGER.fullmatch(node.text) else Decimal(node.text)
    return plain(node.text, YAML_WORDS)
