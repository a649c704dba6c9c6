"""Whom one trusts: the keys of ledgers and of witnesses, and which witnesses are enough.

A policy is a file as of C2SP tlog-policy (https://c2sp.org/tlog-policy):

    log example.com/ledger+1a2b3c4d+AT8x...
    witness east witness.example/east+2b3c4d5e+BAxy...
    witness west witness.example/west+3c4d5e6f+BKxz...  https://west.witness.example/
    group both all east west
    quorum both
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from garrison.errors import ConfigError, GarrisonError, TamperedError
from garrison.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from garrison.ledger.cosignature import CosignatureVerifier
from garrison.ledger.note import Ed25519Verifier, Note, parse_note

NONE = "none"
_MAX_LINES = 1000
_BLANK = re.compile(r"[ \t]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_LEAST = {"log": 1, "witness": 2, "group": 3, "quorum": 1}  # words behind each
_MOST = {"log": 2, "witness": 3, "group": _MAX_LINES, "quorum": 1}


class Group(msgspec.Struct, frozen=True):
    """So many of its members, witnesses or groups, must have cosigned."""

    threshold: int
    members: tuple[str, ...]


Members: TypeAlias = "Mapping[str, CosignatureVerifier | Group]"


class Policy(msgspec.Struct, frozen=True):
    """Keys of logs, named witnesses and groups, and the name of the one that must have cosigned."""

    logs: tuple[Ed25519Verifier, ...]
    members: dict[str, CosignatureVerifier | Group] = {}
    quorum: str = NONE

    @property
    def witnesses(self) -> tuple[CosignatureVerifier, ...]:
        return tuple(m for m in self.members.values() if not isinstance(m, Group))


def trusting(vkeys: Iterable[str], witnesses: Iterable[str] = ()) -> Policy:
    """One of these logs must have signed, and every one of these witnesses cosigned. Raises LedgerError."""
    known = {vkey: CosignatureVerifier.parse(vkey) for vkey in witnesses}
    logs = tuple(Ed25519Verifier.parse(vkey) for vkey in vkeys)
    if not known:
        return Policy(logs)
    return Policy(logs, {**known, "": Group(len(known), tuple(known))}, "")


def open_trusted(data: bytes, policy: Policy) -> SignedCheckpoint:
    """A checkpoint that a log of the policy signed, under its own name, and enough witnesses cosigned. Raises TamperedError."""
    origin = parse_note(data).text.partition("\n")[0]
    logs = [v for v in policy.logs if v.name == origin]
    if not logs:
        known = ", ".join(sorted({v.name for v in policy.logs})) or "none"
        raise TamperedError(f"no key is known for the ledger {origin}", hint=f"keys are known for: {known}")
    found = open_checkpoint(data, [*logs, *policy.witnesses], origin=origin)
    if not any(found.note.signed_by(log) for log in logs):
        raise TamperedError(
            f"the ledger {origin} did not sign this checkpoint", hint="its witnesses alone do not count"
        )
    if policy.quorum != NONE and not cosigned(found.note, policy.quorum, policy.members):
        missing = [w.name for w in policy.witnesses if not found.note.signed_by(w)]
        raise TamperedError(
            f"not enough witnesses cosigned the checkpoint of {found.checkpoint.size:,} entries",
            hint=f"missing: {', '.join(missing)}; ask them with: garrison ledger checkpoint",
        )
    return found


def cosigned(note: Note, name: str, members: Members) -> bool:
    """Whether a witness cosigned, or enough of a group."""
    found = members[name]
    if not isinstance(found, Group):
        return note.signed_by(found) is not None
    return sum(cosigned(note, member, members) for member in found.members) >= found.threshold


def parse_policy(text: str, path: str = "") -> Policy:
    """Read a policy. Raises ConfigError, with the line that is wrong."""
    read = _Reading(path)
    lines = text.split("\n")
    if len(lines) > _MAX_LINES:
        raise ConfigError(f"a policy of more than {_MAX_LINES:,} lines is not read", path=path, hint="shorten it")
    for read.line, line in enumerate(lines, start=1):
        if _CONTROLS.search(line):
            raise read.wrong("a control character", "tabs and newlines are the only ones")
        words = _BLANK.split(line.strip(" \t"))
        if words[0] and not words[0].startswith("#"):
            read.take(words[0], words[1:])
    if read.quorum is None:
        raise ConfigError("no quorum", path=path, hint="write one line: quorum NAME, or: quorum none")
    return Policy(tuple(read.logs), read.members, read.quorum)


class _Reading:
    """A policy so far."""

    def __init__(self, path: str) -> None:
        self.path, self.line = path, 0
        self.logs: list[Ed25519Verifier] = []
        self.members: dict[str, CosignatureVerifier | Group] = {}
        self.quorum: str | None = None
        self._grouped: set[str] = set()

    def wrong(self, message: str, hint: str) -> ConfigError:
        return ConfigError(message, hint=hint, path=self.path, line=self.line)

    def take(self, keyword: str, words: list[str]) -> None:
        if keyword not in _LEAST:
            raise self.wrong(f"unknown word {keyword}", f"one of: {', '.join(_LEAST)}")
        if not _LEAST[keyword] <= len(words) <= _MOST[keyword]:
            raise self.wrong(f"too few or too many words behind {keyword}", "see https://c2sp.org/tlog-policy")
        try:
            if keyword == "log":
                self._log(words[0])
            elif keyword == "witness":
                self._name(words[0], self._witness(words[1]))
            elif keyword == "group":
                self._name(words[0], self._group(words[1], words[2:]))
            else:
                self._quorum(words[0])
        except ConfigError:
            raise
        except GarrisonError as error:
            raise self.wrong(error.message, error.hint) from error

    def _log(self, vkey: str) -> None:
        log = Ed25519Verifier.parse(vkey)
        if any(log.key.public == known.key.public for known in self.logs):
            raise self.wrong(f"the key of {log.name} is given twice", "leave one line out")
        self.logs.append(log)

    def _witness(self, vkey: str) -> CosignatureVerifier:
        witness = CosignatureVerifier.parse(vkey)
        known = [m for m in self.members.values() if not isinstance(m, Group)]
        if any(witness.key.public == k.key.public for k in known):
            raise self.wrong(f"the key of {witness.name} is given twice", "leave one line out")
        return witness

    def _group(self, threshold: str, members: list[str]) -> Group:
        for member in members:
            if member not in self.members:
                raise self.wrong(f"{member} is not defined above", "define witnesses and groups before they are used")
            if member in self._grouped:
                raise self.wrong(f"{member} is a member twice", "each counts in one group, once")
            self._grouped.add(member)
        count = {"all": len(members), "any": 1}.get(threshold)
        if count is None:
            count = int(threshold) if _NUMBER.fullmatch(threshold) else 0
        if not 1 <= count <= len(members):
            raise self.wrong(f"{threshold} is no number of these members", f"all, any, or 1 to {len(members)}")
        return Group(count, tuple(members))

    def _name(self, name: str, member: CosignatureVerifier | Group) -> None:
        if name == NONE or name in self.members:
            raise self.wrong(f"{name} is taken", "give it another name")
        self.members[name] = member

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise self.wrong("a second quorum", "a policy has one")
        if name != NONE and name not in self.members:
            raise self.wrong(f"{name} is not defined above", "name a witness or a group, or: none")
        self.quorum = name
