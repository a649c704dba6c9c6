"""What is not to be told: comments `garrison: ignore[id, id] until=2027-01-01 reason`, entries of the configuration.

A comment behind something speaks of its own line, one that stands alone of the next line that is no comment. It is
heard for a finding whose evidence begins there, or whose asset is declared there.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from garrison.estate.assets.ignore import Ignore as IgnoreAsset
from garrison.estate.truth import YES, Truth
from garrison.estate.values import Place, absent, known
from garrison.findings.finding import Finding
from garrison.sources.interface import File, Note

MARK = b"garrison:"
_COMMENT = re.compile(
    r"garrison:\s*ignore(?:\[(?P<ids>[^\]]*)\])?(?:[ \t]+until=(?P<until>\S+))?(?P<reason>[^\r\n]*)", re.IGNORECASE
)
_BLOCK_SCALAR = re.compile(r"(?:^|[\s:-])[|>][+\-0-9]*\s*(?:#.*)?$")
_HEREDOC = re.compile(r"<<[-~]?\s*\"?([A-Za-z_][\w-]*)\"?\s*$")
_HCL = (".tf", ".tofu", ".tfvars", ".hcl")
_DOCKERFILE = re.compile(r"(?i)(^|[._-])(docker|container)file([._-]|$)")
_YAML = (".yaml", ".yml", ".template")


class Ignore(msgspec.Struct, frozen=True, eq=False):
    """One decision. With a `line` it speaks of that line of its file, else of every finding its globs match."""

    checks: tuple[str, ...]
    reason: str
    until: str  # "" for always
    place: Place
    line: int = 0
    path_glob: str = ""
    address_glob: str = ""

    def expired(self, today: dt.date) -> bool:
        """Whether its date has passed, or cannot be read; the last day still counts."""
        if not self.until:
            return False
        try:
            return dt.date.fromisoformat(self.until) < today
        except ValueError:
            return True

    def hears(self, finding: Finding) -> bool:
        """Whether it speaks of the finding, if it names its check."""
        if self.line:
            return any(p.source.path == self.place.source.path and p.line == self.line for p in _places(finding))
        by_path = not self.path_glob or any(
            fnmatch.fnmatchcase(p.source.path, self.path_glob) for p in _places(finding)
        )
        return by_path and (not self.address_glob or fnmatch.fnmatchcase(finding.asset.address, self.address_glob))


class Ignored(msgspec.Struct, frozen=True, eq=False):
    """A finding, and the decision that it is not to be told."""

    finding: Finding
    ignore: Ignore


def _places(finding: Finding) -> Iterator[Place]:
    yield from (e.place for e in finding.evidence)
    yield finding.asset.place
    yield finding.owner.place


def ignores_in(files: Iterable[File]) -> list[Ignore]:
    """Every comment of the files that speaks to Garrison. Files that cannot be read have been complained of before."""
    found: list[Ignore] = []
    for file in files:
        try:
            if MARK in file.data:
                found += _ignores_of(file)
        except OSError:
            continue
    return found


def _ignores_of(file: File) -> Iterator[Ignore]:
    source = file.source()
    lines = source.data.decode("utf8", "replace").split("\n")
    comments = dict(_comments(lines, file.name))
    for number, (column, alone) in comments.items():
        match = _COMMENT.search(lines[number], column)
        if match is None:
            continue
        target = number
        while alone and target + 1 < len(lines) and (target == number or comments.get(target, (0, False))[1]):
            target += 1
        ids = tuple(i.strip() for i in (match["ids"] or "").split(",") if i.strip())
        reason = match["reason"].strip().removesuffix("*/").strip(" \t-:—")
        place = Place.at(source, (number, match.start()), (number, match.end()))
        yield Ignore(ids, reason, match["until"] or "", place, target + 1)


def _comments(lines: list[str], name: str) -> Iterator[tuple[int, tuple[int, bool]]]:
    """Lines (from 0) with a comment, the column where it begins, and whether nothing stands before it."""
    if _DOCKERFILE.search(name):  # a comment is a line of its own there
        yield from ((n, (len(t) - len(t.lstrip()), True)) for n, t in enumerate(lines) if t.lstrip().startswith("#"))
        return
    hcl = name.endswith(_HCL)
    if not hcl and not name.endswith(_YAML):
        return  # JSON has no comments
    end_of_text = ""  # the word that ends a heredoc
    indent = -1  # of the line that opened a block of text
    for number, line in enumerate(lines):
        stripped = line.strip()
        if end_of_text:
            end_of_text = "" if stripped == end_of_text else end_of_text
            continue
        if indent >= 0:
            if not stripped or len(line) - len(line.lstrip()) > indent:
                continue
            indent = -1
        column = _comment_column(line, hcl=hcl)
        if column >= 0:
            yield number, (column, not line[:column].strip())
        code = line if column < 0 else line[:column]
        if hcl and (opened := _HEREDOC.search(code)):
            end_of_text = opened[1]
        elif not hcl and _BLOCK_SCALAR.search(code.rstrip()):
            indent = _key_column(code)


def _key_column(code: str) -> int:
    """Where the key of a block of text stands: `- run: |` has its text deeper than `run`."""
    return len(code) - len(code.lstrip(" -")) if code.lstrip().startswith("- ") else len(code) - len(code.lstrip())


def _comment_column(line: str, *, hcl: bool) -> int:
    """Where a comment begins, outside of quotes; -1 where there is none."""
    quote, previous = "", " "
    for column, char in enumerate(line):
        if quote:
            escaped = previous == "\\" and quote == '"'
            if char == quote and not escaped:
                quote = ""
                previous = " "  # YAML doubles a quote within quotes: the second one opens them again
                continue
            previous = "" if escaped else char
            continue
        if (char == '"' or (char == "'" and not hcl)) and (hcl or previous in " \t:,[{-("):
            quote = char
        elif (char == "#" and (hcl or line[column - 1 : column] in ("", " ", "\t"))) or (
            hcl and char == "/" and line[column : column + 2] in ("//", "/*")
        ):
            return column
        previous = char
    return -1


def assets_of_ignores(ignores: Sequence[Ignore], checks: frozenset[str], today: dt.date) -> Iterator[IgnoreAsset]:
    """Each decision as an asset, so that checks can judge it."""
    taken: dict[str, int] = {}
    for ignore in ignores:
        path = ignore.place.source.path
        address = f"{path}#ignore[{','.join(ignore.checks)}]"
        taken[address] = taken.get(address, 0) + 1
        if taken[address] > 1:
            address += f"[{taken[address]}]"
        said = known(", ".join(ignore.checks), ignore.place)
        exist = bool(ignore.checks) and checks.issuperset(ignore.checks)
        yield IgnoreAsset(
            address=address,
            name=known(f"ignore[{', '.join(ignore.checks)}]", ignore.place),
            provider="",
            format="garrison",
            type="ignore",
            root=path,
            place=ignore.place,
            exists=YES,
            reason=known(ignore.reason, ignore.place) if ignore.reason else absent(ignore.place),
            expired=Truth(ignore.expired(today), (known(ignore.until, ignore.place),)),
            known_checks=Truth(exist, (said,)),
        )


def apply(
    findings: Sequence[Finding], ignores: Sequence[Ignore], today: dt.date
) -> tuple[list[Finding], list[Ignored]]:
    """What is to be told, and what is not. Those that have expired are not heard."""
    by_check: dict[str, list[Ignore]] = defaultdict(list)
    for ignore in ignores:
        if not ignore.expired(today):
            for check in ignore.checks:
                by_check[check].append(ignore)
    told: list[Finding] = []
    ignored: list[Ignored] = []
    for finding in findings:
        heard = next((i for i in by_check.get(finding.check.id, ()) if i.hears(finding)), None)
        if heard is None:
            told.append(finding)
        else:
            ignored.append(Ignored(finding, heard))
    return told, ignored


def unused(
    ignores: Sequence[Ignore], ignored: Sequence[Ignored], judged: frozenset[str], today: dt.date
) -> Iterator[Note]:
    """A note for each decision that nothing answers, if all the checks it names were run and it has not expired."""
    heard = {id(i.ignore) for i in ignored}
    for ignore in ignores:
        spoken = id(ignore) in heard or ignore.expired(today)
        if not spoken and ignore.checks and judged.issuperset(ignore.checks):
            where = f"{ignore.place.source.path}:{ignore.place.line}"
            yield Note(where, f"ignore[{', '.join(ignore.checks)}] ignores nothing: remove it")
