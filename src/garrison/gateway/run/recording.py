"""What a gateway decides by, in the ledger: a change takes effect after its entry is durable, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

from garrison.gateway.file.read import Loaded
from garrison.gateway.file.rules import named_files
from garrison.gateway.run.publish import replace
from garrison.ledger.entry import Fields

_LAST = "recorded"  # in the state folder: the digest that the ledger was told last
_ACTOR = "service:garrison-gateway"


def record(loaded: Loaded) -> bool:
    """Tell the ledger, if there is one, what is about to be in force; whether there was anything to tell.

    Raises LedgerError, and then nothing may be put in force.
    """
    if not loaded.gateway.gateway.ledger:
        return False
    last, digest = loaded.state / _LAST, digest_of(loaded)
    before = last.read_text(encoding="utf-8") if last.exists() else ""
    if before == digest:
        return False
    from garrison.ledger.opening import open_ledger

    entry: Fields = {
        "actor": _ACTOR,
        "action": "change" if before else "create",
        "object": {"type": "gateway", "name": loaded.path.name, "digest": digest},
        "reason": "the gateway file, or a file that it names, was changed" if before else "the gateway was started",
    }
    if before:
        entry["previous"] = before
    with open_ledger(loaded.beside(loaded.gateway.gateway.ledger)) as ledger:
        ledger.append("policy.change", **entry)
    replace(last, digest.encode())
    return True


def digest_of(loaded: Loaded) -> str:
    """The digest of the file and of all that it names but certificates, keys and credentials, which are renewed without a decision."""
    renewed = ("batch", "credentials")
    names = [name for steps, name in named_files(loaded) if "tls" not in steps and steps != renewed]
    found = hashlib.sha256()
    for path in (loaded.path, *(loaded.beside(name) for name in sorted(set(names)))):
        found.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return f"sha256:{found.hexdigest()}"
