"""`garrison ledger show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli.ledger._open import (
    ago,
    entries,
    entry_data,
    entry_line,
    exit_with,
    format_option,
    key_option,
    ledger_option,
    named,
    reading,
    say,
    write_json,
)

if TYPE_CHECKING:
    from garrison.ledger.publishing import Report


@click.command(
    name="show",
    epilog="""\b
Examples:
  garrison ledger show                   how the ledger stands, and its last entries
  garrison ledger show 17                entry 17, whole
  garrison ledger show --last 100        more of them
  garrison ledger show --format json     for programs
\b
Exit codes: 0 all is well, 1 a witness or a sink knows another history, 2 wrong usage, 3 one of them is behind.""",
)
@click.argument("index", required=False, type=click.IntRange(min=0))
@ledger_option
@click.option("--last", default=20, show_default=True, type=click.IntRange(min=0), help="How many entries to show.")
@key_option
@format_option
def command(folder: Path | None, index: int | None, last: int, vkey: str | None, form: str) -> None:
    """Show how the ledger stands: its size, its key, how far witnesses and sinks are, the last entries; or entry INDEX."""
    from garrison.ledger.keyring import identity
    from garrison.ledger.publishing import standing
    from garrison.ledger.settings import load

    path = named(folder)
    ledger, keys = reading(path, vkey)
    if index is not None:
        write_json(entry_data(index, ledger.entry(index)))
        return
    signed = ledger.checkpoint()
    size = signed.checkpoint.size
    report = standing(path, signed, load(path))
    found = list(enumerate(ledger.entries(max(0, size - last)), start=max(0, size - last)))
    key = identity(keys[-1].key)
    if form == "json":
        write_json({
            "origin": signed.checkpoint.origin, "size": size, "root": signed.checkpoint.root.hex(), "key": key,
            "vkeys": [str(k.key) for k in keys], **report_data(report), "entries": [entry_data(*each) for each in found],
        })  # fmt: skip
    else:
        changed = (path / "checkpoint").stat().st_mtime
        say(f"{signed.checkpoint.origin} · {entries(size)} · signed {ago(changed)} by {key}")
        say_report(report)
        for each in found:
            say(entry_line(*each))
    exit_with([report.exit_code])


def say_report(report: Report, *, error: bool = False) -> None:
    """How far witnesses and sinks are, in words."""
    for seen in report.witnesses:
        style = "red" if seen.tampered else "yellow" if seen.trouble else None
        when = f"cosigned {entries(seen.size)} {ago(seen.time_s)}" if seen.time_s else "never cosigned"
        say(f"witness {seen.name}: {seen.trouble or when}", error=error, style=style)
        if seen.trouble:
            say(f"    {seen.hint}", error=error)
    for lag in report.sinks:
        state = lag.state
        style = "red" if state.tampered else "yellow" if lag.waiting else None
        when = f"took {entries(state.size)} {ago(state.time_s)}" if state.time_s else "has nothing yet"
        waits = f", {lag.waiting} wait: {state.trouble or 'not tried yet'}" if lag.waiting else ""
        say(f"sink {lag.sink}: {when}{waits}", error=error, style=style)


def report_data(report: Report) -> dict[str, Any]:
    """The same for programs."""
    return {
        "witnesses": report.witnesses,
        "sinks": [
            {"name": lag.sink, "waiting": lag.waiting, "size": lag.state.size, "place": lag.state.place, "time_s": lag.state.time_s,
             "trouble": lag.state.trouble, "tampered": lag.state.tampered}
            for lag in report.sinks
        ],
    }  # fmt: skip
