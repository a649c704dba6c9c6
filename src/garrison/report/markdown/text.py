"""Text in Markdown that stays text: no link, picture, mention, heading or tag comes of what was scanned.

Names and code stand in code spans and fences, where nothing has a meaning but their end; sentences that may quote them are
escaped. The Markdown is GitHub's ("GitHub Flavored Markdown Spec" 0.29), which GitLab reads too.
"""

from __future__ import annotations

import html
import re

from garrison.report.terminal.text import clean, cut

_LONGEST = 160  # cells of a name
_MARKUP = re.compile(r"[\\`*_\[\]~]")
_REFERENCE = re.compile(r"[@#!$](?=\S)")  # of a person, an issue, a merge request; mathematics
_BLOCK = re.compile(r"[#+=-]|\d+[.)]")  # what would begin a list, a heading or a rule
_NOTHING = "<span></span>"


def code(text: str) -> str:
    """A code span; nothing for no text."""
    text = cut(clean(text), _LONGEST)
    if not text:
        return ""
    fence = "`" * (_longest_run(text) + 1)
    return f"{fence} {text} {fence}" if text[0] in "` " or text[-1] in "` " else f"{fence}{text}{fence}"


def sentence(text: str) -> str:
    """Text in which nothing has a meaning."""
    text = html.escape(clean(text), quote=False)
    text = _MARKUP.sub(r"\\\g<0>", text).replace("://", r":\/\/").replace("www.", r"www\.")
    text = _REFERENCE.sub(lambda m: m[0] + _NOTHING, text)
    return _NOTHING + text if _BLOCK.match(text) else text


def prose(text: str) -> str:
    """Words of a check, in which backticks mark code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return sentence(text)
    return "".join(code(part) if number % 2 else sentence(part) for number, part in enumerate(parts))


def tag_text(text: str) -> str:
    """Text between tags of HTML, where Markdown is not heard."""
    return html.escape(cut(clean(text), _LONGEST))


def block(lines: list[str]) -> str:
    """A fenced block of lines that are clean already."""
    fence = "`" * max(3, _longest_run("\n".join(lines)) + 1)
    return "\n".join((fence, *lines, fence))


def row(*cells: str) -> str:
    """A row of a table. A bar ends a cell even within code, unless it is escaped."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def folded(summary: str, *paragraphs: str) -> str:
    """A section that opens on a click; the summary is HTML."""
    return "\n\n".join((f"<details>\n<summary>{summary}</summary>", *paragraphs, "</details>"))


def _longest_run(text: str) -> int:
    """Of backticks."""
    return max((len(run) for run in re.findall("`+", text)), default=0)
