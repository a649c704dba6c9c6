"""What a process is told by its guard: one file, written whole."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from garrison.errors import ConfigError

T = TypeVar("T")


def read_job(path: Path, kind: type[T], what: str) -> T:
    """What a process of the gateway is to do; `what` says it in an error. Raises ConfigError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path), hint="start the gateway") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"does not say {what}", path=str(path), hint="start the gateway again") from error
