"""JSON, written anew where something in it is to be changed, and else left as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

Change = Callable[[Any], Any]
DEEPEST: Final = 64
ERRORS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for what is no JSON, or holds what no value can: `1e999`, bytes that are no UTF-8."""

_ESCAPED: Final = re.compile(rb"\\.", re.DOTALL)


def rewritten(data: bytes, change: Change) -> bytes:
    """A record changed; the same bytes where nothing is. Raises one of `ERRORS`.

    Of a name that is there twice the last one counts (as RFC 8259, section 4, observes of most readers, and mappers do), and then
    the record is always written anew: what stood under the first one has not been looked at.
    """
    said = msgspec.json.decode(data)
    made = change(said)
    return data if made == said and not _has_doubles(data, said) else msgspec.json.encode(made)


def _has_doubles(data: bytes, said: Any) -> bool:
    """Whether names were there twice: then texts are missing from what was decoded, and with each two quotes."""
    return _quotes(data) != _quotes(msgspec.json.encode(said))


def _quotes(data: bytes) -> int:
    return (_ESCAPED.sub(b"", data) if b"\\" in data else data).count(b'"')
