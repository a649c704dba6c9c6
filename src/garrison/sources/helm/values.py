"""Values that are given for charts, beside their own."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from garrison.errors import ConfigError
from garrison.estate.values import Body, Source, State, Value

_MAX_BYTES = 10_000_000


class Given(msgspec.Struct, frozen=True):
    """Values for the charts whose folder a glob matches."""

    chart: str
    values: dict[str, Any]

    def speaks_of(self, folder: str) -> bool:
        """Whether they are for the chart in a folder, "." for the top."""
        return fnmatch.fnmatchcase(folder or ".", self.chart)


def read_values(path: Path) -> dict[str, Any]:
    """A file of values. Raises ConfigError, with the line, for one that is none."""
    from garrison.sources.documents import GO_WORDS, Reader, compose

    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"the values cannot be read: {error.strerror}", path=str(path)) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"the values have more than {_MAX_BYTES // 1_000_000} MB", path=str(path))
    for document in compose(data):
        for complaint in document.complaints:
            raise ConfigError(complaint.message, path=str(path), line=complaint.line, hint=complaint.hint)
        if document.node is not None:
            said = _plain(Reader(Source(str(path), data), GO_WORDS).value(document.node))
            if not isinstance(said, dict):
                raise ConfigError("values are a mapping", path=str(path), line=1, hint="write: key: value")
            return said
    return {}


def merged(one: dict[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings entry by entry, all else replaced, as Helm does."""
    found = dict(one)
    for key, value in other.items():
        old = found.get(key)
        found[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return found


def _plain(value: Value) -> Any:
    if value.state is State.ABSENT:
        return None
    if isinstance(value.content, Body):
        return {name: _plain(inner) for name, inner in value.content.items()}
    if isinstance(value.content, tuple):
        return [_plain(inner) for inner in value.content]
    return value.content
