"""What a change brings: a scan whose baseline is what the same scan finds in a Git revision."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec

from garrison.findings.baseline import Baseline, Entry, entry_of
from garrison.findings.finding import Finding, fingerprint
from garrison.scan.config import Settings
from garrison.scan.revision import Revision, renames, revision_of, write
from garrison.scan.scan import Progress, scan
from garrison.sources.discover import common_folder
from garrison.sources.interface import Note


def against(
    revision: str, paths: Sequence[Path], settings: Settings, *, progress: Progress = lambda _: None
) -> Settings:
    """The settings of a scan of which the findings are those that the revision did not have.

    Raises UsageError as `scan` does, and where the paths are in no Git repository, or it has no such revision.
    """
    progress(f"scanning {revision}")
    folder = common_folder(paths)
    then = revision_of(revision, folder)
    known, notes = _scan_then(paths, folder, settings, then)
    return msgspec.structs.replace(settings, baseline=Baseline(1, known), since=revision, notes=notes)


def _scan_then(
    paths: Sequence[Path], folder: Path, settings: Settings, revision: Revision
) -> tuple[tuple[Entry, ...], tuple[Note, ...]]:
    """The findings in the revision, under the addresses their assets have now, and what could not be read of it."""
    with tempfile.TemporaryDirectory(prefix="garrison-") as temporary:
        top = Path(temporary).resolve() / (revision.top.name or "top")
        (top / ".git/info").mkdir(parents=True)  # what is ignored is looked for up to here
        exclude = revision.top / ".git/info/exclude"
        if exclude.is_file():
            shutil.copyfile(exclude, top / ".git/info/exclude")
        notes = write(revision, folder, top)
        places = [top / path.resolve().relative_to(revision.top) for path in paths]
        if not any(place.exists() for place in places):
            return (), tuple(notes)
        for place in places:
            if not place.exists():
                place.mkdir(parents=True)  # an empty folder keeps the addresses of the others as they are
        result = scan(places, _moved_to(top, settings, revision))
    notes += [
        Note(p.path, f"could not be read in {revision.name}, so all in it counts as new") for p in result.problems
    ]
    moves = _moves(renames(revision, folder))
    return tuple(_entry(finding, folder, moves) for finding in result.findings), tuple(notes)


def _moved_to(top: Path, settings: Settings, revision: Revision) -> Settings:
    """The settings, their configuration as if it lay in the other folder: its globs begin there."""
    loaded = settings.loaded
    if loaded.path is not None:
        path = top / os.path.relpath(loaded.path.resolve(), revision.top)
        loaded = msgspec.structs.replace(loaded, path=path)
    return msgspec.structs.replace(settings, loaded=loaded, baseline=None)


def _moves(renamed: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Where the files, and the folders around them, went: a folder to where most of its files went under their old names."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for old, new in renamed:
        found[old][new] += 1
        before, after = old.split("/"), new.split("/")
        while before and after and before[-1] == after[-1]:
            del before[-1], after[-1]
            found["/".join(before) or "."]["/".join(after) or "."] += 1
    return {old: news.most_common(1)[0][0] for old, news in found.items()}


def _entry(finding: Finding, folder: Path, moves: dict[str, str]) -> Entry:
    """A finding of the revision, under the address its asset has now.

    An address begins with the file or folder that is deployed: where that is gone, and Git knows where to, the asset is
    there.
    """
    entry, root = entry_of(finding), finding.asset.root
    if root not in moves or (folder / root).exists():
        return entry
    address = moves[root] + finding.asset.address.removeprefix(root)
    return msgspec.structs.replace(entry, fingerprint=fingerprint(finding.check, address), asset=address)
