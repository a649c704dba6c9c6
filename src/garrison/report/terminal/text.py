"""Text on a terminal: nothing in it may move the cursor, change colours or hide what stands there."""

from __future__ import annotations

import re
import unicodedata

import click

# C0 and C1 controls, and marks that reorder or hide text (Unicode Standard Annex 9; "Trojan Source", CVE-2021-42574).
_CONTROLS = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)


def clean(text: str) -> str:
    """Control characters as their codes, tabs as spaces."""
    text = text.replace("\t", "    ")
    return _CONTROLS.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)  # noqa: PLR2004


def columns(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def cut(text: str, width: int) -> str:
    """At most `width` cells; an ellipsis says that there was more."""
    if columns(text) <= width:
        return text
    kept, used = "", 0
    for char in text:
        used += columns(char)
        if used > width - 1:
            break
        kept += char
    return f"{kept}…"


def cut_left(path: str, width: int) -> str:
    """The end of a path, which tells more than its beginning."""
    return path if columns(path) <= width else f"…{path[max(0, len(path) - width + 1) :]}"


def wrapped(text: str, width: int, indent: str, first: str = "") -> list[str]:
    """A paragraph in lines of at most `width` cells; `first` begins the first, `indent` the others."""
    lines: list[str] = []
    line, empty = first or indent, True
    for word in text.split():
        room = width - columns(line) - (not empty)
        if not empty and columns(word) > room:
            lines.append(line)
            line, empty = indent, True
        line += word if empty else f" {word}"
        empty = False
    return [*lines, line]


class Painter:
    """Colours, where there are any."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, style: str) -> str:
        """Words of a style: a colour, bold, dim; several with a space between them."""
        if not self._colour or not text:
            return text
        words = style.split()
        flags = {w: True for w in words if w in ("bold", "dim", "underline")}
        colour = next((w for w in words if w not in flags), None)
        return click.style(text, fg=colour, **flags)
