"""A review for the terminal, as Markdown, and as a page that needs nothing else and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from garrison.report.terminal.text import clean, columns, cut
from garrison.watch.review.review import Review, Step
from garrison.watch.review.told import Table, summary, tables, time_of, title

_WIDEST: Final = 48  # cells of a column
_BLOCKS: Final = "·▁▂▃▄▅▆▇█"
_MARKS: Final = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>#|!~"})
_WIDTH, _HEIGHT = 960, 120
_HOUR_US: Final = 3_600_000_000


def text(said: Review) -> Iterator[str]:
    """For people at a terminal; whatever a log says, nothing moves the cursor."""
    yield f" {title(said)}\n {summary(said)}\n"
    yield f" {_spark(_hours(said))}\n"
    for table in tables(said):
        yield f"\n {table.title}\n"
        yield from _lines(table)


def markdown(said: Review) -> Iterator[str]:
    """For a ticket or a wiki; text of logs is text."""
    yield f"# {title(said)}\n\n{summary(said)}\n"
    for table in tables(said):
        yield f"\n## {table.title}\n\n"
        if not table.rows:
            yield f"{table.note}\n"
            continue
        for row in (table.head, ("---",) * len(table.head), *table.rows):
            yield f"| {' | '.join(cell if cell == '---' else clean(cell).translate(_MARKS) for cell in row)} |\n"


def page(said: Review) -> Iterator[str]:
    """For a browser, and for paper."""
    style = Path(__file__).with_name("page.css").read_text("utf8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{html.escape(title(said))}</title>\n<style>{style}</style>\n"
    yield f"<h1>{html.escape(title(said))}</h1>\n<p>{html.escape(summary(said))}</p>\n{_chart(said)}"
    for table in tables(said):
        yield f"<h2>{html.escape(table.title)}</h2>\n"
        yield from _rows(table)


def _lines(table: Table) -> Iterator[str]:
    if not table.rows:
        yield f"   {table.note}\n"
        return
    rows = [[cut(clean(cell), _WIDEST) for cell in row] for row in (table.head, *table.rows)]
    widths = [max(columns(row[n]) for row in rows) for n in range(len(table.head))]
    for row in rows:
        cells = (
            f"{' ' * (width - columns(cell))}{cell}" if _is_number(cell) else f"{cell}{' ' * (width - columns(cell))}"
            for cell, width in zip(row, widths, strict=True)
        )
        yield f"   {'  '.join(cells).rstrip()}\n"


def _rows(table: Table) -> Iterator[str]:
    if not table.rows:
        yield f'<p class="none">{html.escape(table.note)}</p>\n'
        return
    yield f"<table>\n<tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in table.head)}</tr>\n"
    for row in table.rows:
        cells = (f'<td class="{"n" if _is_number(cell) else "t"}">{html.escape(clean(cell))}</td>' for cell in row)
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</table>\n"


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").isdigit()


def _hours(said: Review) -> list[Step]:
    """Every hour of the time, also those in which nothing happened."""
    heard = {step.begin_us: step for step in said.hours}
    begin = said.since_us // _HOUR_US * _HOUR_US
    return [heard.get(at, Step(at, 0, 0)) for at in range(begin, said.until_us, _HOUR_US)]


def _spark(hours: list[Step]) -> str:
    most = max((step.events for step in hours), default=0) or 1
    return "".join(_BLOCKS[-(-step.events * (len(_BLOCKS) - 1) // most)] for step in hours)


def _chart(said: Review) -> str:
    hours = _hours(said)
    most = max((step.events for step in hours), default=0) or 1
    wide = _WIDTH / max(len(hours), 1)
    bars = []
    for number, step in enumerate(hours):
        label = f"{time_of(step.begin_us)}: {step.events:,} events, {step.failed:,} failed"
        for name, count in (("all", step.events), ("failed", step.failed)):
            high = _HEIGHT * count / most
            place = f'x="{number * wide:.1f}" y="{_HEIGHT - high:.1f}" width="{wide * 0.85:.1f}" height="{high:.1f}"'
            bars.append(f'<rect class="{name}" {place}><title>{label}</title></rect>')
    ends = f"<figcaption><span>{time_of(said.since_us)}</span><span>events by the hour, failed ones in red; most: {most:,}</span><span>{time_of(said.until_us)}</span></figcaption>"
    return f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Events by the hour">{"".join(bars)}</svg>{ends}</figure>\n'
