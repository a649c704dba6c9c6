"""`regex`, `regexall` and `replace` with a pattern, made safe against patterns that take for ever.

Terraform uses RE2, which is linear; Python's engine backtracks. What could backtrack without end is refused, and the
work of the rest is bounded by the length of the text and the number of open-ended repetitions.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from garrison.sources.terraform.functions.calling import Function, Refused, TooMuch, of_data
from garrison.sources.terraform.functions.text import replaced, text

_MAX_PATTERN = 500
_MAX_SUBJECT = 20_000
_MAX_WORK = 3_000_000  # steps of backtracking, at worst
_MAX_FOUND = 10_000
_POSIX = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "digit": "0-9", "lower": "a-z", "space": r"\t\n\v\f\r ",
    "upper": "A-Z", "word": r"\w", "xdigit": "0-9A-Fa-f", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip
_POSIX_CLASS = re.compile(r"\[:(\w+):\]")


_PART = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\])"
    r"|(?P<quantifier>(?:[*+?]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\})[?+]?)"
    r"|(?P<open>\((?:\?(?:P?<\w+>|[a-zA-Z]*:)?)?)|(?P<close>\))|(?P<choice>\|)|.",
    re.DOTALL,
)


class _Group:
    """What is inside of a group while a pattern is read."""

    __slots__ = ("choices", "involved")

    def __init__(self) -> None:
        self.involved = False  # it repeats something, or chooses
        self.choices = 1


def open_ended(pattern: str) -> tuple[int, int]:
    """How many repetitions a pattern has, and in how many ways it can choose between them.

    Raises TooMuch where it repeats what itself repeats or chooses.
    """
    groups = [_Group()]
    found, ways = 0, 1
    closed: _Group | None = None
    for part in _PART.finditer(pattern):
        kind = part.lastgroup
        if part["quantifier"] is not None:
            if _may_repeat(part):
                if closed is not None and closed.involved:
                    raise TooMuch("its pattern could take for ever here")
                found += 1
            else:
                ways *= 2
            groups[-1].involved = True
            continue
        closed = None
        if kind == "open":
            groups.append(_Group())
        elif kind == "close" and len(groups) > 1:
            closed = groups.pop()
            groups[-1].involved = groups[-1].involved or closed.involved
            ways *= closed.choices
        elif kind == "choice":
            groups[-1].involved = True
            groups[-1].choices += 1
    for group in groups:
        ways *= group.choices
    return found, ways


def _may_repeat(quantifier: re.Match[str]) -> bool:
    said = quantifier["quantifier"]
    if said[0] in "*+?":
        return said[0] != "?"
    most = quantifier["most"] or ("" if quantifier["comma"] else quantifier["least"])
    return most not in ("0", "1")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> tuple[re.Pattern[str], int, int]:
    if len(pattern) > _MAX_PATTERN:
        raise TooMuch("its pattern is too long")
    if re.search(r"\\[1-9]|\(\?(?!P<|[a-zA-Z]*[:)]|[imsU-]+[:)])", pattern):
        raise TooMuch("its pattern has what RE2 does not know")
    repeats, ways = open_ended(pattern)
    translated = _POSIX_CLASS.sub(lambda m: _POSIX.get(m[1], m[0]), pattern).replace(r"\z", r"\Z")
    try:
        return re.compile(translated, re.ASCII), repeats, ways
    except (re.error, OverflowError, RecursionError) as error:
        raise TooMuch("its pattern cannot be read") from error


def _ready(pattern: Any, subject: Any) -> tuple[re.Pattern[str], str]:
    said = text(subject)
    compiled, repeats, ways = _compiled(text(pattern))
    # matching may begin anywhere, so one more than the repetitions
    work = ways * len(said) ** (repeats + 1 if repeats or ways > 1 else 0)
    if len(said) > _MAX_SUBJECT or (work > _MAX_WORK and len(said) > 1):
        raise TooMuch("its text is too long for this pattern")
    return compiled, said


def _captured(match: re.Match[str]) -> Any:
    if match.re.groupindex:
        return {name: match[name] for name in match.re.groupindex}
    return list(match.groups()) if match.re.groups else match[0]


def _regex(pattern: Any, subject: Any) -> Any:
    compiled, said = _ready(pattern, subject)
    match = compiled.search(said)
    if match is None:
        raise Refused("nothing matches its pattern")
    return _captured(match)


def _regex_all(pattern: Any, subject: Any) -> list[Any]:
    compiled, said = _ready(pattern, subject)
    found = [_captured(match) for match in compiled.finditer(said)]
    if len(found) > _MAX_FOUND:
        raise TooMuch("too much matches its pattern")
    return found


def substituted(pattern: str, new: str, subject: str) -> str:
    """What `replace` makes of a text where the pattern stands between slashes; `$1` names a group."""
    compiled, said = _ready(pattern, subject)

    def put(match: re.Match[str]) -> str:
        def group(reference: re.Match[str]) -> str:
            if reference[0] == "$$":
                return "$"
            name = reference[1] or reference[2]
            try:
                return match[int(name) if name.isdigit() else name] or ""
            except IndexError:
                return ""

        return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", group, new)

    return compiled.sub(put, said)


def _replace(subject: Any, old: Any, new: Any) -> str:
    said, wanted, put = text(subject), text(old), text(new)
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        return substituted(wanted[1:-1], put, said)
    return replaced(said, wanted, put)


FUNCTIONS: dict[str, Function] = {
    "regex": of_data(_regex, 2),
    "regexall": of_data(_regex_all, 2),
    "replace": of_data(_replace, 3),
}
