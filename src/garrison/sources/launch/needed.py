"""Words without which no command of a script starts a known server: most scripts lack them, and are not worth reading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from garrison.estate.servers import components

_LARGE = 200_000  # bytes of a script that is mostly here-documents: they are passed faster than their words are told
_ENGINES = frozenset({b"docker", b"podman", b"nerdctl"})
_RUN = re.compile(rb"\b(?:docker|podman|nerdctl)\b[^\n]*\brun\b")
_WORDS = bytes(c if chr(c).isascii() and (chr(c).isalnum() or c == ord("_")) else ord(" ") for c in range(256))
_GROUP = re.compile(r"(?<!\\)\((?P<around>\?[!=])?(?:\?:)?(?P<said>[^()]*)\)(?P<times>[*+?]?)")  # without others in it
_PART = re.compile(
    r"(?P<edge>\\b|\^|\$|\\s\+?(?![*?])|\[\\s[-/]\]\+?(?![*?]))"
    r"|(?P<open>(?:\[[^\]]*\]|\\.|.)[*+?]|\[[^\]]*\]|\\\w|\.)|\\?(?P<literal>.)"
)
_WHOLE = re.compile(r"(?<![\w\0])\w+(?![\w\0])")


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
    wordings = {w for c in components() for pattern in c.commands for w in _wordings(pattern)}
    return frozenset(frozenset(word.encode() for word in _words(w)) for w in wordings)


def _wordings(pattern: str) -> Iterator[str]:
    """A regular expression without groups, once for each of their alternatives."""
    group = _GROUP.search(pattern)
    if group is None:
        yield pattern
        return
    alternatives = [".*"] if group["around"] or group["times"] in ("*", "+") else group["said"].split("|")
    for said in ["", *alternatives] if group["times"] == "?" else alternatives:
        yield from _wordings(f"{pattern[: group.start()]}{said}{pattern[group.end() :]}")


def _words(wording: str) -> list[str]:
    r"""The words that it says whole: those of `\bray\s+start`, but nothing of `xray.*` where a letter may go before."""
    plain = _PART.sub(lambda part: " " if part["edge"] else "\0" if part["open"] else part["literal"], wording)
    return _WHOLE.findall(f"\0{plain}\0")
