"""A baseline: the findings that are known and put off. They are counted, not shown, and do not fail a build."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from garrison.errors import ConfigError
from garrison.findings.finding import Finding
from garrison.sources.interface import Problem

_MAX_BYTES = 100_000_000
_VERSION = 1


class Entry(msgspec.Struct, frozen=True):
    """One known finding. The fingerprint decides; the rest is for the reader of a difference."""

    fingerprint: str
    check: str
    asset: str
    severity: str = ""
    path: str = ""


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    version: int
    findings: tuple[Entry, ...]


def read_baseline(path: Path) -> Baseline:
    """A baseline file. Raises ConfigError, with the line, for one that is not well formed."""
    shown = str(path)
    again = "write it again with --write-baseline"
    try:
        # A pipe or a device, which a configuration may name, could keep the scan waiting.
        if not path.is_file() and path.exists():
            raise ConfigError("the baseline is no file", path=shown, hint=again)
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except ValueError as error:
        raise ConfigError(f"the baseline has no name of a file: {error}", hint=again) from error
    except OSError as error:
        hint = "write one with: garrison scan --write-baseline FILE"
        raise ConfigError(f"the baseline cannot be read: {error.strerror}", path=shown, hint=hint) from error
    if len(data) > _MAX_BYTES:
        raise ConfigError("the baseline is larger than 100 MB", path=shown, hint=again)
    try:
        found = msgspec.json.decode(data, type=Baseline)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at ")
        line = line_of(data, where.strip("`")) or 1
        raise ConfigError(f"not a baseline: {message}{f' at {where}' if where else ''}", path=shown, line=line, hint=again) from error  # fmt: skip
    except (msgspec.DecodeError, RecursionError) as error:
        raise ConfigError(
            f"not JSON: {error}", path=shown, line=_line_of_error(data, str(error)), hint=again
        ) from error
    if found.version != _VERSION:
        message = f"a baseline of version {found.version}: this Garrison reads version {_VERSION}"
        raise ConfigError(message, path=shown, line=line_of(data, "$.version"), hint=again)
    return found


def entry_of(finding: Finding) -> Entry:
    """A finding as it stands in a baseline."""
    asset, place = finding.asset, finding.place
    return Entry(finding.fingerprint, finding.check.id, asset.address, finding.severity.value, place.source.path)


def write_baseline(path: Path, findings: Sequence[Finding]) -> None:
    """Every finding, sorted so that differences stay small. Raises ConfigError where it cannot be written."""
    every = (one for finding in findings for one in (finding, *finding.also))
    entries = sorted(map(entry_of, every), key=lambda e: (e.path, e.asset, e.check))
    data = msgspec.json.format(msgspec.json.encode(Baseline(_VERSION, tuple(entries))), indent=1)
    try:
        path.write_bytes(data + b"\n")
    except OSError as error:
        raise ConfigError(f"the baseline cannot be written: {error.strerror}", path=str(path)) from error


def split(
    findings: Sequence[Finding], baseline: Baseline, judged: frozenset[str]
) -> tuple[list[Finding], list[Finding], list[Entry]]:
    """What is new, what is known, and the entries that none of the findings answers.

    Entries of checks that are not among the `judged` ones say nothing.
    """
    known = {e.fingerprint for e in baseline.findings}
    prints = [{f.fingerprint, *(a.fingerprint for a in f.also)} for f in findings]
    fresh = [f for f, its in zip(findings, prints, strict=True) if known.isdisjoint(its)]
    old = [f for f, its in zip(findings, prints, strict=True) if not known.isdisjoint(its)]
    met = known.intersection(frozenset().union(*prints))
    return fresh, old, [e for e in baseline.findings if e.fingerprint not in met and e.check in judged]


def mended(gone: Sequence[Entry], silent: Iterable[Finding], problems: Iterable[Problem]) -> list[Entry]:
    """Of the entries that no finding answers, those that are mended.

    What is undecided now or ignored is not, and of a file that cannot be read nobody knows.
    """
    still, unread = {f.fingerprint for f in silent}, {p.path for p in problems}
    return [e for e in gone if e.fingerprint not in still and e.path not in unread]


def line_of(data: bytes, where: str) -> int:
    """The line of `$.findings[3].check` in JSON; 0 where that cannot be told."""
    from garrison.sources.json_nodes import compose_json
    from garrison.sources.nodes import follow

    node = follow(next((c.node for c in compose_json(data.decode("utf8", "replace"))), None), where)
    return (node.start >> 20) + 1 if node is not None else 0


def _line_of_error(data: bytes, message: str) -> int:
    """Msgspec says `(byte 123)`; a file that breaks off says nothing, and breaks off in its last line."""
    _, found, rest = message.partition("(byte ")
    return data.count(b"\n", 0, int(rest.rstrip(")"))) + 1 if found else data.count(b"\n") + 1
