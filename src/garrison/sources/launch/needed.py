"""Words without which no command of a script starts a known server: most scripts lack them, and are not worth reading."""

from __future__ import annotations

import re
from functools import cache

from garrison.estate.servers import components
from garrison.estate.wordings import wordings

_LARGE = 200_000  # bytes of a script that is mostly here-documents: they are passed faster than their words are told
_ENGINES = frozenset({b"docker", b"podman", b"nerdctl"})
_RUN = re.compile(rb"\b(?:docker|podman|nerdctl)\b[^\n]*\brun\b")
_WORDS = bytes(c if chr(c).isascii() and (chr(c).isalnum() or c == ord("_")) else ord(" ") for c in range(256))


def may_start(data: bytes) -> bool:
    """Whether a script has all the words of some command line that is recognised, or runs a container."""
    if len(data) > _LARGE:
        return True
    met = frozenset(data.translate(_WORDS).split())
    runs = b"run" in met and not met.isdisjoint(_ENGINES) and _RUN.search(data) is not None
    return runs or any(words <= met for words in needed())


@cache
def needed() -> frozenset[frozenset[bytes]]:
    """The words of each way to start a known server."""
    ways = frozenset[frozenset[str]]().union(*(wordings(pattern) for c in components() for pattern in c.commands))
    return frozenset(frozenset(word.encode() for word in way) for way in ways)
