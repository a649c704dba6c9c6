"""Read a gateway file, in TOML or YAML."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from garrison.errors import ConfigError
from garrison.gateway.file.blame import Blame, blames
from garrison.gateway.file.form import Gateway
from garrison.gateway.file.places import Steps, line_of, toml_lines
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence, Style

_MAX_BYTES = 10_000_000  # 10,000 models fit in
_YAML = (".yaml", ".yml")
# What an unquoted word means in YAML 1.2 (section 10.3.2).
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}


class Loaded(msgspec.Struct, frozen=True, eq=False):
    """A gateway file, and where its keys stand."""

    path: Path
    gateway: Gateway
    lines: dict[Steps, int]

    def beside(self, name: str) -> Path:
        """A path as the file means it: from its own folder."""
        return self.path.parent / name

    @property
    def state(self) -> Path:
        """The folder of what the gateway keeps."""
        return self.beside(self.gateway.gateway.state)

    @property
    def log(self) -> Path:
        """The audit feed."""
        return self.beside(self.gateway.log.file) if self.gateway.log.file else self.state / "audit.jsonl"

    def wrong(self, steps: Steps, message: str, hint: str) -> ConfigError:
        """An error that names file, line and key."""
        return _error(self.path, self.lines, Blame(steps, message, hint))


def read(path: Path) -> Loaded:
    """Read a gateway file. Raises ConfigError that names file, line and key, and what to write instead."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path)) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"larger than {_MAX_BYTES // 1_000_000} MB", path=str(path), hint="keep only what is needed")
    said, lines = (_yaml if path.suffix in _YAML else _toml)(path, data)
    try:
        return Loaded(path, msgspec.convert(said, Gateway), lines)
    except msgspec.ValidationError as error:
        raise _error(path, lines, next(blames(Gateway, said))) from error


def _error(path: Path, lines: dict[Steps, int], wrong: Blame) -> ConfigError:
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{_quoted(step)}" for step in wrong.steps)[1:]
    message = f"{key}: {wrong.message}" if key else wrong.message
    return ConfigError(message, path=str(path), line=line_of(lines, wrong.steps), hint=wrong.hint)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name) else msgspec.json.encode(name).decode()


def _toml(path: Path, data: bytes) -> tuple[Any, dict[Steps, int]]:
    try:
        text = data.decode()
        said = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", path=str(path), line=line, hint="save it as UTF-8") from error
    except RecursionError as error:
        raise ConfigError("it is nested too deeply", path=str(path), line=1, hint="nothing real needs that") from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(where[1]), int(where[2])) if where else (data.count(b"\n") + 1, 0)
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise ConfigError(f"not TOML: {message}", path=str(path), line=line, column=column) from error
    return said, toml_lines(text)


def _yaml(path: Path, data: bytes) -> tuple[Any, dict[Steps, int]]:
    from garrison.sources.yaml_nodes import compose_yaml

    documents = list(compose_yaml(data))
    for composed in documents:
        for complaint in composed.complaints:
            raise ConfigError(complaint.message, path=str(path), line=complaint.line, hint=complaint.hint)
    nodes = [composed.node for composed in documents if composed.node is not None]
    if len(nodes) != 1:
        raise ConfigError(f"{len(nodes)} documents", path=str(path), line=1, hint="write exactly one")
    lines: dict[Steps, int] = {}
    return _plain(nodes[0], (), lines), lines


def _plain(node: Node, steps: Steps, lines: dict[Steps, int]) -> Any:
    """A node as a value; where it stands goes into `lines`."""
    from garrison.sources.documents import plain

    lines.setdefault(steps, (node.start >> 20) + 1)
    if isinstance(node, Scalar):
        return plain(node.text, _WORDS) if node.style is Style.PLAIN and not node.tag else node.text
    if isinstance(node, Sequence):
        return [_plain(item, (*steps, number), lines) for number, item in enumerate(node.items)]
    assert isinstance(node, Mapping)  # noqa: S101 - the third and last kind of node
    found = {}
    for key, value in zip(node.pairs[::2], node.pairs[1::2], strict=True):
        name = key.text if isinstance(key, Scalar) else "?"
        lines[*steps, name] = (key.start >> 20) + 1
        found[name] = _plain(value, (*steps, name), lines)
    return found
