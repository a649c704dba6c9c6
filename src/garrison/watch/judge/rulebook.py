"""The rules of a watch: which there are, whether their files have changed, and what has changed of them since they were read last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from garrison.errors import UsageError
from garrison.watch.judge.settings import Rules as Settings
from garrison.watch.rules.read import pack, read_rules
from garrison.watch.rules.refer import live
from garrison.watch.rules.rule import About, Broken, Rules

KIND = "rule.change"  # of an entry of the ledger
_ENDINGS = (".yml", ".yaml")
_REASON = {
    "create": "it is among the rules of the watch now",
    "change": "what is written of it has changed",
    "delete": "it is not among the rules of the watch any more",
    "disable": "the watch file names it as disabled",
    "enable": "the watch file does not name it as disabled any more",
}


class Known(msgspec.Struct, frozen=True, array_like=True):
    """A rule as it was read last."""

    digest: str
    title: str
    enabled: bool


class Change(msgspec.Struct, frozen=True):
    """What has become of a rule: an action of the ledger."""

    action: str
    rule: str
    digest: str
    title: str

    def entry(self) -> dict[str, object]:
        """As the ledger takes it."""
        return {
            "action": self.action,
            "object": {"type": "rule", "name": self.rule, "digest": self.digest},
            "reason": f"{self.title}: {_REASON[self.action]}",
        }


class Rulebook(msgspec.Struct, frozen=True):
    """Rules that are judged by, and those that cannot be used; of all, also of those that are disabled, what they are known by, and tell."""

    rules: Rules
    known: dict[str, Known]
    abouts: list[About]


def hold(paths: Iterable[Path]) -> None:
    """Raises UsageError for a path that is not there."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}", hint="name a rule or a folder of rules")


def read(settings: Settings, paths: Sequence[Path]) -> Rulebook:
    """The pack, and the rules of files and folders. What is not there is broken."""
    found = read_rules([*([pack()] if settings.pack else []), *(path for path in paths if path.exists())])
    found.broken += [Broken(str(path), 0, "there is no such file or folder") for path in paths if not path.exists()]
    disabled = set(settings.disabled)

    def is_disabled(about: About) -> bool:
        return not disabled.isdisjoint((about.id, about.name, about.title))

    known = {about.id: Known(about.digest, about.title, not is_disabled(about)) for about in found.abouts}
    return Rulebook(live(found, is_disabled), known, found.abouts)


def changes(before: Mapping[str, Known], now: Mapping[str, Known]) -> Iterator[Change]:
    """What has become of each rule."""
    for rule in sorted(before.keys() | now.keys()):
        was, is_ = before.get(rule), now.get(rule)
        if is_ is None:
            if was is not None:
                yield Change("delete", rule, was.digest, was.title)
            continue
        if was is None:
            yield Change("create", rule, is_.digest, is_.title)
        elif was.digest != is_.digest:
            yield Change("change", rule, is_.digest, is_.title)
        if is_.enabled is not (True if was is None else was.enabled):
            yield Change("enable" if is_.enabled else "disable", rule, is_.digest, is_.title)


def stamps(paths: Iterable[Path]) -> tuple[tuple[str, int, int, int], ...]:
    """What tells that a file was changed, came or went. What is not there has none."""
    found = []
    for path in paths:
        files = sorted(f for f in path.rglob("*") if f.suffix in _ENDINGS) if path.is_dir() else [path]
        for file in files:
            try:
                said = file.stat()
            except OSError:
                continue
            found.append((str(file), said.st_ino, said.st_mtime_ns, said.st_size))
    return tuple(found)
