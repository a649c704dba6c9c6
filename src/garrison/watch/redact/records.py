"""JSON, in lines and in texts: written anew where something in it is to be changed, and else left as it was written."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

Change = Callable[[Any], Any]
DEEPEST: Final = 64
ERRORS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What decoding raises for what is no JSON, or holds what no value can: `1e999`, bytes that are no UTF-8."""

_ESCAPED: Final = re.compile(rb"\\.", re.DOTALL)
_BEGIN: Final = re.compile(  # of a record, or of a text in quotes that holds one: msg="{\"a\": 1}"
    r"""(?<!\\)"(?=\s*[{\[])|\{(?=\s*["}])|\[(?=\s*["{\[\]\d\-tfn])"""
)
_PATIENCE: Final = 4  # how often a text may be looked at in vain: then what is left of it is no JSON
_IN_VAIN: Final = 200  # characters that cost as much as a look that fails at once,
_COUNTED: Final = 64  # ... and that cost as much as one before it: the decoder counts lines to say where it failed
_LEAST: Final = 1_000  # characters of a text, as far as patience goes
_decode: Final = json.JSONDecoder(
    parse_int=str, parse_float=str, strict=False
).raw_decode  # it finds the end: no number is too large


def rewritten(data: bytes, change: Change) -> bytes:
    """A record changed; the same bytes where nothing is. Raises one of `ERRORS`.

    Of a name that is there twice the last one counts (as RFC 8259, section 4, observes of most readers, and mappers do), and then
    the record is always written anew: what stood under the first one has not been looked at.
    """
    said = msgspec.json.decode(data)
    made = change(said)
    return data if made == said and not _has_doubles(data, said) else msgspec.json.encode(made)


def inside(text: str, change: Change, rest: Callable[[str], str]) -> str:
    """A text in which each record is changed, wherever it stands, and what is no JSON by `rest`. Raises what `change` raises."""
    first = _BEGIN.search(text)
    if first is None:
        return rest(text)
    if not text[: first.start()].strip():
        with contextlib.suppress(*ERRORS):
            return _record(text, change)
    parts: list[str] = []
    done = at = wasted = 0
    while wasted <= _PATIENCE * (len(text) + _LEAST) and (found := _BEGIN.search(text, at)) is not None:
        begin, end = found.start(), found.start() + 1
        try:
            said, end = _decode(text, begin)
            made = _quoted(said, change, rest) if isinstance(said, str) else _record(text[begin:end], change)
        except json.JSONDecodeError as error:
            at = max(begin + 1, error.pos)  # what began here was cut, or was none: what is in it is left to `rest`
            wasted += _IN_VAIN + at // _COUNTED + (len(text) - begin if error.msg.startswith("Unterminated") else 0)
        except ERRORS:
            at, wasted = end, wasted + len(text) - begin
        else:
            at = begin + 1 if made is None else end
            if made is None:
                wasted += _IN_VAIN
            else:
                parts += rest(text[done:begin]), made
                done = end
    return "".join([*parts, rest(text[done:])])


def decoded(text: str, at: int) -> tuple[Any, int]:
    """What begins at a place of a text, and where it ends: a value, its numbers as texts; else all that is left of the text."""
    try:
        return _decode(text, at)
    except (json.JSONDecodeError, RecursionError):
        return text[at:], len(text)


def _record(text: str, change: Change) -> str:
    return rewritten(text.encode("utf-8", "surrogateescape"), change).decode()


def _quoted(said: str, change: Change, rest: Callable[[str], str]) -> str | None:
    """A text in quotes changed inside; None where nothing is: its quote may be the end of another."""
    made = inside(said, change, rest)
    return None if made == said else json.dumps(made)


def _has_doubles(data: bytes, said: Any) -> bool:
    """Whether names were there twice: then texts are missing from what was decoded, and with each two quotes."""
    return _quotes(data) != _quotes(msgspec.json.encode(said))


def _quotes(data: bytes) -> int:
    return (_ESCAPED.sub(b"", data) if b"\\" in data else data).count(b'"')
