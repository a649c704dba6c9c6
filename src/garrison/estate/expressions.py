"""GitHub's expressions: which contexts flow from `${{ }}` into the text around it.

"Evaluate expressions in workflows and actions", GitHub Docs. What is only asked about (`contains(x, 'y')`, `x == 'y'`,
`x && 'y'`) leaves a truth or the other operand behind, and no text of a stranger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

_TEXT = re.compile(r"'(?:[^']|'')*'")
_INDEX = re.compile(r"\['([\w-]+)'\]")
_NUMBER = re.compile(r"\[(?:\d+|\*)\]")
_ASKS = re.compile(r"\b(?:contains|startswith|endswith|hashfiles)\s*\(", re.IGNORECASE)
_OPERAND = r"[\w.*'\[\]-]+"
_COMPARED = re.compile(rf"{_OPERAND}\s*(?:==|!=|<=|>=|<|>)\s*{_OPERAND}|!\s*{_OPERAND}|{_OPERAND}\s*&&")
_CONTEXT = re.compile(
    r"(?<![\w.-])(?P<whole>tojson\s*\(\s*)?(?P<name>(?:github|env|secrets|inputs|needs|steps)\b[\w.*-]*)", re.IGNORECASE
)
_LONGEST = 4_000  # characters of one expression; GitHub takes 21,000


class Flow(msgspec.Struct, frozen=True):
    """A context that flows into a text. `whole` says that all that lies below it does."""

    expression: str  # as it is written, `${{ }}` included
    said: str  # github.event.issue.title, env.X; items of lists as `*`
    whole: bool

    @property
    def name(self) -> str:
        """What is said, in lower case: GitHub does not tell them apart."""
        return self.said.lower()


def flows(text: str) -> Iterator[Flow]:
    """Every context whose text ends up in another one."""
    start = text.find("${{")
    while start >= 0:
        end = text.find("}}", start)
        if end < 0:
            return
        if end - start < _LONGEST:
            yield from _flows(text[start : end + 2])
        start = text.find("${{", end)


@lru_cache(maxsize=4096)
def _flows(expression: str) -> tuple[Flow, ...]:
    said = _TEXT.sub("''", _NUMBER.sub(".*", _INDEX.sub(r".\1", expression[3:-2])))
    said = _COMPARED.sub(" ", _without_questions(said))
    return tuple(Flow(expression, m["name"].rstrip("."), bool(m["whole"])) for m in _CONTEXT.finditer(said))


def _without_questions(said: str) -> str:
    """The same without calls that answer yes or no, whatever is asked."""
    kept: list[str] = []
    at = 0
    for match in _ASKS.finditer(said):
        if match.start() < at:
            continue
        kept.append(said[at : match.start()])
        at, depth = match.end(), 1
        while at < len(said) and depth:
            depth += {"(": 1, ")": -1}.get(said[at], 0)
            at += 1
    return "".join((*kept, said[at:]))
