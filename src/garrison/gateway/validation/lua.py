"""Python values as Lua source."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

_UNSAFE = re.compile(rb"[^ !#-\[\]-~]")  # all but printable ASCII without quote and backslash


def text(value: str | bytes) -> str:
    """A string, whatever its bytes."""
    data = value.encode() if isinstance(value, str) else value
    return '"' + _UNSAFE.sub(lambda m: b"\\%03d" % m[0][0], data).decode() + '"'


def literal(number: float) -> str:
    """A finite number, to the last bit."""
    assert math.isfinite(number)  # noqa: S101  # Lua has no word for the others
    return f"({number!r})" if number < 0 else repr(number)


def table(keys: Iterable[str]) -> str:
    """A set of keys, each an expression of Lua."""
    return f"{{{', '.join(f'[{key}] = true' for key in keys)}}}"


def items(expressions: Iterable[str]) -> str:
    """A list."""
    return f"{{{', '.join(expressions)}}}"


def fields(**expressions: str | bool | None) -> str:
    """A record; what is None or False is left out."""
    said = (f"{name} = {'true' if value is True else value}" for name, value in expressions.items() if value)
    return f"{{{', '.join(said)}}}"


def named(pairs: Iterable[tuple[str, str]]) -> str:
    """A table of expressions by names that come from outside."""
    return f"{{{', '.join(f'[{text(name)}] = {expression}' for name, expression in pairs)}}}"
