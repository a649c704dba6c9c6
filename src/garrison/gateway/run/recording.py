"""What a gateway decides by, in the ledger: a change takes effect after its entries are durable, or not at all.

The file and all that it names is one `policy.change`. Beside it, each role that is new, is gone or is within others is a
`role.change`, and each certificate and claim that leads to another role than before a `role.grant`. Keys have entries of their own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from garrison.errors import ConfigError, LedgerError
from garrison.gateway.digests import read_key
from garrison.gateway.file.read import Loaded
from garrison.gateway.file.rules import named_files
from garrison.gateway.run.publish import replace
from garrison.ledger.entry import as_actor
from garrison.policy.vocabulary import read_vocabulary

Entry = tuple[str, dict[str, Any]]  # the kind, and its fields
Roles = dict[str, tuple[str, ...]]  # each, and those that it is within

_LAST: Final = "recorded"  # in the state folder: what the ledger was told last
_ACTOR: Final = "service:garrison-gateway"
_DIGEST: Final = "sha256:"


class Recorded(msgspec.Struct, frozen=True):
    """What a gateway decides by, as far as the ledger tells it."""

    digest: str
    roles: Roles
    grants: frozenset[tuple[str, str]] = frozenset()  # who is led to which role


def record(loaded: Loaded) -> bool:
    """Tell the ledger, if there is one, what is about to be in force; whether there was anything to tell.

    Raises LedgerError or ConfigError, and then nothing may be put in force.
    """
    if not loaded.gateway.gateway.ledger:
        return False
    last, now = loaded.state / _LAST, decided(loaded)
    before = _read(last)
    if before == now:
        return False
    from garrison.ledger.opening import open_ledger

    people = hmac.digest(read_key(loaded.state), b"people in the ledger", "sha256")
    with open_ledger(loaded.beside(loaded.gateway.gateway.ledger)) as ledger:
        ledger.append_many(list(entries(before, now, loaded.path.name, people)))
    replace(last, msgspec.json.encode(now, order="sorted"))
    return True


def hold(loaded: Loaded) -> None:
    """Raises ConfigError where nothing could be told to the ledger that the file names."""
    from garrison.ledger.opening import look

    if named := loaded.gateway.gateway.ledger:
        try:
            look(loaded.beside(named))
        except (LedgerError, ConfigError) as error:
            where = f"{error.path}: " if error.path else ""
            raise loaded.wrong(("gateway", "ledger"), f"{where}{error.message}", error.hint) from error


def decided(loaded: Loaded) -> Recorded:
    """What it decides by now."""
    roles = loaded.gateway.policy.roles
    within = _within(loaded.beside(roles) if roles else None)
    return Recorded(digest_of(loaded), within, frozenset(_grants(loaded, within)))


def digest_of(loaded: Loaded) -> str:
    """The digest of the file and of all that it names but certificates, keys and credentials, which are renewed without a decision."""
    renewed = ("batch", "credentials")
    names = [name for steps, name in named_files(loaded) if "tls" not in steps and steps != renewed]
    found = hashlib.sha256()
    for path in (loaded.path, *(loaded.beside(name) for name in sorted(set(names)))):
        found.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return f"{_DIGEST}{found.hexdigest()}"


def entries(before: Recorded, now: Recorded, file: str, people: bytes) -> Iterator[Entry]:
    """What to tell of a change; `people` is the key of the pseudonyms of those who are named by an address."""
    reason = "the gateway file, or a file that it names, was changed" if before.digest else "the gateway was started"
    who = {"actor": _ACTOR, "reason": reason}
    if now.digest != before.digest:
        previous = {"previous": before.digest} if before.digest else {}
        thing = {"type": "gateway", "name": file, "digest": now.digest}
        yield "policy.change", {**who, **previous, "action": "change" if previous else "create", "object": thing}
    for role in sorted(before.roles.keys() | now.roles.keys()):
        if before.roles.get(role) != now.roles.get(role):
            action = "create" if role not in before.roles else "delete" if role not in now.roles else "change"
            old, new = set(before.roles.get(role, ())), set(now.roles.get(role, ()))
            details = {"added": sorted(new - old), "removed": sorted(old - new)}
            yield "role.change", {**who, "action": action, "object": {"type": "role", "name": role}, "details": details}
    for action, grants in (("revoke", before.grants - now.grants), ("grant", now.grants - before.grants)):
        for name, role in sorted(grants):
            to = as_actor(name if "@" in name else f"client:{name}", people)
            yield (
                "role.grant",
                {**who, "action": action, "object": {"type": "role", "name": role}, "details": {"to": to}},
            )


def _within(path: Path | None) -> Roles:
    return {name: tuple(sorted(role.within)) for name, role in read_vocabulary(path).role.items()}


def _grants(loaded: Loaded, listed: Roles) -> Iterator[tuple[str, str]]:
    """Certificates and claims of tokens, by how they are told apart, and the roles that they lead to."""
    identity = loaded.gateway.identity
    for rule in identity.certificate:
        yield rule.client or rule.san, rule.role
    for name, jwt in identity.jwt.items():
        for value, role in jwt.roles.items() or ((role, role) for role in listed):
            yield f"{name}:{jwt.role}={value}", role


def _read(path: Path) -> Recorded:
    """What was told last; that which is shipped where nothing was. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
        if text.startswith(_DIGEST):  # of a release that told no roles
            return Recorded(text, _within(None))
        return msgspec.json.decode(text, type=Recorded)
    except FileNotFoundError:
        return Recorded("", _within(None))
    except (OSError, ValueError) as error:
        hint = "remove it: then all is told to the ledger anew"
        raise ConfigError(f"does not say what the ledger was told: {error}", path=str(path), hint=hint) from error
