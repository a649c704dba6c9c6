"""The API keys that a gateway lets in: those of its store, as they are now."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from garrison.gateway.file.read import Loaded
from garrison.gateway.keys.store import Active, Store

STORE = "keys.db"


def store_of(loaded: Loaded) -> Path | None:
    """Where the keys are; None where no keys are taken."""
    keys = loaded.gateway.identity.keys
    if keys is None:
        return None
    return loaded.beside(keys.file) if keys.file else loaded.state / STORE


def active_keys(loaded: Loaded, now: dt.datetime) -> tuple[Active, ...]:
    """The keys that are let in; none where there is no store yet. Raises StoreError."""
    path = store_of(loaded)
    if path is None or not path.exists():
        return ()
    with Store(path) as store:
        return tuple(store.active(now))


def parts_of(store: Path) -> list[Path]:
    """The files that change when a key does: the store, and what SQLite writes ahead of it."""
    return [store, store.with_name(f"{store.name}-wal")]
