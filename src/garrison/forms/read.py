"""Read a file, in TOML or YAML, as a value of the form that is meant."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from garrison.errors import ConfigError
from garrison.forms.blame import Blame, blames
from garrison.forms.places import Steps, line_of, lines_of
from garrison.sources.nodes import Composed, Node, Scalar, Sequence, Style

Form = TypeVar("Form")
Lines = dict[Steps, int]

_MAX_BYTES = 10_000_000  # 10,000 models fit in
_YAML = (".yaml", ".yml")
# What an unquoted word means in YAML 1.2 (section 10.3.2).
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}


def read(path: Path, form: type[Form], *, copy: Path | None = None) -> tuple[Form, Lines]:
    """The value of a file, and where its keys stand; `copy` is where its text was kept, if it is not read from where it stands.

    Raises ConfigError that names file, line and key, and what to write instead.
    """
    try:
        data = (copy or path).read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path)) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"larger than {_MAX_BYTES // 1_000_000} MB", path=str(path), hint="keep only what is needed")
    said, lines = (_yaml if path.suffix in _YAML else _toml)(path, data)
    try:
        return msgspec.convert(said, form), lines
    except msgspec.ValidationError as error:
        raise wrong(path, lines, next(blames(form, said))) from error


def wrong(path: Path, lines: Lines, blame: Blame) -> ConfigError:
    """An error that names file, line and key."""
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{_quoted(step)}" for step in blame.steps)[1:]
    message = f"{key}: {blame.message}" if key else blame.message
    return ConfigError(message, path=str(path), line=line_of(lines, blame.steps), hint=blame.hint)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name) else msgspec.json.encode(name).decode()


def _toml(path: Path, data: bytes) -> tuple[Any, Lines]:
    from garrison.sources.toml_nodes import compose_toml

    composed = compose_toml(data)
    _hold(path, composed)
    assert composed.node is not None  # noqa: S101 - where nothing is wrong there is a table
    return tomllib.loads(data.decode("utf-8-sig")), lines_of(composed.node)


def _hold(path: Path, composed: Composed) -> None:
    for complaint in composed.complaints:
        raise ConfigError(complaint.message, path=str(path), line=complaint.line, hint=complaint.hint)


def _yaml(path: Path, data: bytes) -> tuple[Any, Lines]:
    from garrison.sources.yaml_nodes import compose_yaml

    documents = list(compose_yaml(data))
    for composed in documents:
        _hold(path, composed)
    nodes = [composed.node for composed in documents if composed.node is not None]
    if len(nodes) != 1:
        raise ConfigError(f"{len(nodes)} documents", path=str(path), line=1, hint="write exactly one")
    return _plain(nodes[0]), lines_of(nodes[0])


def _plain(node: Node) -> Any:
    """A node as a value."""
    from garrison.sources.documents import plain

    if isinstance(node, Scalar):
        return plain(node.text, _WORDS) if node.style is Style.PLAIN and not node.tag else node.text
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    pairs = zip(node.pairs[::2], node.pairs[1::2], strict=True)
    return {key.text if isinstance(key, Scalar) else "?": _plain(value) for key, value in pairs}
