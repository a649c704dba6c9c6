"""Words that a text cannot lack if a regular expression is found in it: cheaper to look for than the expression itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_GROUP = re.compile(r"(?<!\\)\((?P<around>\?[!=])?(?:\?:)?(?P<said>[^()]*)\)(?P<times>[*+?]?)")  # without others in it
_PART = re.compile(
    r"(?P<edge>\\b|\^|\$|\\s\+?(?![*?])|\[\\s[-/]\]\+?(?![*?]))"
    r"|(?P<open>(?:\[[^\]]*\]|\\.|.)[*+?]|\[[^\]]*\]|\\\w|\.)|\\?(?P<literal>.)"
)
_WHOLE = re.compile(r"(?<![\w\0])\w+(?![\w\0])")
_WORD = re.compile(r"\w+")


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(_WORD.findall(text))


@cache
def wordings(pattern: str) -> frozenset[frozenset[str]]:
    """The words of each way to write it, one of which a text has all of. Without flags, look-behinds and references."""
    return frozenset(frozenset(_words(wording)) for wording in _wordings(pattern))


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
