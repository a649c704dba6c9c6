"""Keys of the watch, each in a file of its own that its owner alone can read: whole, or not there."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import Final

from garrison.errors import ConfigError
from garrison.ledger import durable

_BYTES: Final = 32


def make_key(path: Path) -> bytes:
    """The key of a file, made where there is none yet. Raises ConfigError for one that is damaged, OSError."""
    with contextlib.suppress(FileExistsError):
        durable.create(path, secrets.token_hex(_BYTES).encode(), mode=0o600)
    return read_key(path, "put it back from a copy")


def read_key(path: Path, missing: str) -> bytes:
    """The key of a file; `missing` says what to do where there is none. Raises ConfigError."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError as error:
        raise ConfigError("is missing", path=str(path), hint=missing) from error
    except (OSError, ValueError) as error:
        raise ConfigError("is no key", path=str(path), hint="put it back from a copy") from error
    if len(key) != _BYTES:
        raise ConfigError(f"has {len(key)} bytes, not {_BYTES}", path=str(path), hint="put it back from a copy")
    return key
