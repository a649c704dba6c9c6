"""Finds what can be mended, writes it, and keeps only what a new scan finds mended with nothing new beside it."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from garrison.errors import GarrisonError
from garrison.findings.finding import Finding
from garrison.findings.result import Result
from garrison.fix import document, hcl
from garrison.fix.fields import is_so, said_at, spot_of, written
from garrison.fix.spot import Spot
from garrison.scan.config import Settings
from garrison.scan.scan import Progress, scan
from garrison.sources.discover import discover

_HCL = (".tf", ".tofu")
_UNICODE_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")  # places count what is behind them


class Change(msgspec.Struct, frozen=True, eq=False):
    """One file, as it is and as it is to be, and the findings that this mends."""

    path: str  # as the scan shows it
    file: Path
    before: bytes
    after: bytes
    mended: tuple[Finding, ...]


class Fixed(msgspec.Struct, frozen=True, eq=False):
    """What `fix` would change, and what a scan finds after it."""

    changes: tuple[Change, ...]
    result: Result
    mended: int  # how many findings are gone


def fix(
    paths: Sequence[Path], settings: Settings, *, unsafe: bool = False, progress: Progress = lambda _: None
) -> Fixed:
    """Changes in memory that mend findings; nothing is written. Raises what `scan` raises."""
    first = scan(paths, settings, progress=progress)
    changes = _changes(first, paths, settings, unsafe=unsafe)
    known = {f.fingerprint for f in first.findings}
    while changes:
        progress(f"verifying {len(changes):,} changes")
        texts = {c.path: c.after for c in changes}
        second = scan(paths, msgspec.structs.replace(settings, texts=texts), progress=progress)
        bad = _bad(changes, second, known, first)
        if not bad:
            return Fixed(tuple(changes), second, len(first.findings) - len(second.findings))
        changes = [c for c in changes if c.path not in bad]
    return Fixed((), first, 0)


def write(changes: Sequence[Change]) -> None:
    """Puts each file in place at once. Raises GarrisonError for one that has changed meanwhile, or cannot be written."""
    for change in changes:
        target = change.file.resolve()
        try:
            if target.read_bytes() != change.before:
                raise GarrisonError("the file has changed during the scan", path=change.path, hint="run it again")
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as new:
                new.write(change.after)
                new.flush()
                os.fsync(new.fileno())
            Path(new.name).chmod(target.stat().st_mode)
            Path(new.name).replace(target)
        except OSError as error:
            raise GarrisonError(f"cannot be written: {error.strerror}", path=change.path) from error


def patch(changes: Sequence[Change]) -> Iterator[str]:
    """The changes as `patch -p1` and `git apply` read them."""
    for change in changes:
        before, after = (t.decode("utf8", "surrogateescape").splitlines(keepends=True) for t in (change.before, change.after))  # fmt: skip
        for line in difflib.unified_diff(before, after, f"a/{change.path}", f"b/{change.path}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


class _Edit(msgspec.Struct, frozen=True, eq=False):
    """One field of one finding's asset: exchanged where it is said, else written below what begins at `start`."""

    finding: Finding
    path: str
    start: int  # packed, as in a Place
    end: int
    spot: Spot | None  # None: what is said from start to end is exchanged
    content: object

    def apply(self, text: bytes) -> bytes | None:
        """The file with it; None where that cannot be done without guessing."""
        if self.spot is None:
            exchange = hcl.exchange if self.path.endswith(_HCL) else document.exchange
            return exchange(text, self.start, self.end, self.content)
        if self.spot.companion:
            return hcl.add(text, self.start, self.spot, self.content)
        write_at = hcl.write if self.path.endswith(_HCL) else document.write
        return write_at(text, self.start, self.spot.steps, self.content)


def _changes(result: Result, paths: Sequence[Path], settings: Settings, *, unsafe: bool) -> list[Change]:
    """The files that can be changed, each with all that is to be changed in it."""
    wanted = {f.fingerprint: _edits(f) for f in result.findings if f.check.mend and (f.check.mend.safe or unsafe)}
    files = discover(*paths, exclude=settings.exclude).files if wanted else {}
    while True:
        edits: dict[str, list[_Edit]] = defaultdict(list)
        for edit in (e for found in wanted.values() for e in found):
            edits[edit.path].append(edit)
        changes, failed = [], set()
        for path, theirs in sorted(edits.items()):
            file = files.get(path)
            before = after = b"" if file is None else file.data
            # From the end to the beginning: what stands before a change keeps its place.
            for edit in sorted(theirs, key=lambda e: (-e.start, e.finding.check.id)):
                made = None if before.startswith(_UNICODE_MARKS) else edit.apply(after)
                failed |= {edit.finding.fingerprint} if made is None else set()
                after = after if made is None else made
            if file is not None and after != before:
                mended = {e.finding.fingerprint: e.finding for e in theirs}
                changes.append(Change(path, file.absolute, before, after, tuple(mended.values())))
        if not failed:
            return changes
        wanted = {name: found for name, found in wanted.items() if name not in failed}


def _edits(finding: Finding) -> list[_Edit]:
    """What sets all fields that the finding's check names; nothing where one of them cannot be set."""
    asset, found = finding.asset, []
    for name, wanted in finding.check.mend.fields.items() if finding.check.mend is not None else ():
        if is_so(asset, name, wanted):
            continue
        content = written(asset, name, wanted)
        said = said_at(asset, name)
        spot = None if said else spot_of(asset, name)
        if content is None or (spot is None and len(said) != 1):
            return []
        place = said[0] if said else asset.place
        found.append(_Edit(finding, place.source.path, place.start, place.end, spot, content))
    return found


def _bad(changes: Sequence[Change], second: Result, known: set[str], first: Result) -> set[str]:
    """The files whose change did not do what it should: a finding is still there, or something new is."""
    left = {f.fingerprint for f in (*second.findings, *second.undecided, *second.errors)}
    bad = {c.path for c in changes if any(f.fingerprint in left for f in c.mended)}
    touched = {c.path for c in changes}
    new = {f.place.source.path for f in second.findings if f.fingerprint not in known}
    problems = {p.path for p in second.problems if p not in first.problems}
    strange = new | problems
    return bad | (strange & touched or (touched if strange else set()))
