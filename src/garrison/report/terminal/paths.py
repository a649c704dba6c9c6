"""The section "Paths to what matters": how an attacker gets to data and models, and where that is cut best."""

from __future__ import annotations

from garrison.findings.result import Result
from garrison.reach.path import Path
from garrison.report import View
from garrison.report.terminal.text import Painter, clean, cut, cut_left, wrapped
from garrison.report.terminal.words import cut_words, steps

TITLE = "Paths to what matters"
_FIRST = 3  # paths that are shown without --all
_INDENT = "    "


def paths_section(result: Result, view: View, paint: Painter, width: int) -> list[str]:
    """Its lines; none where no path was found."""
    paths = result.paths
    if not paths.found:
        return []
    out = [paint(TITLE, "bold")]
    shown = paths.found if view.everything else paths.found[:_FIRST]
    for path in shown:
        out += _path(path, paint, width)
    if paths.total > len(shown):
        more = "" if len(shown) == len(paths.found) else " (--all)"
        out.append(paint(f"  and {paths.total - len(shown)} more{more}", "dim"))
    for change in paths.cuts if view.everything else paths.cuts[:1]:
        many, where, what = cut_words(change, paths.total, result)
        lines = wrapped(f"{many}: {cut_left(where, width // 2)} {cut(clean(what), width)}", width, _INDENT, "  ")
        out += [line.replace(many, paint(many, "green bold"), 1) for line in lines]
    if view.everything:
        for note in paths.notes:
            out += [paint(line, "dim") for line in wrapped(clean(note), width, _INDENT, "  ")]
    return [*out, ""]


def _path(path: Path, paint: Painter, width: int) -> list[str]:
    chain = " → ".join(cut(clean(step), width // 2) for step in steps(path))
    end = f"({path.jewel})" if path.sure else f"({path.jewel}, if what is unknown allows it)"
    lines = wrapped(f"{chain} {end}", width, _INDENT, "  ")
    lines[-1] = lines[-1].removesuffix(end) + paint(end, "magenta") if lines[-1].endswith(end) else lines[-1]
    return lines
