"""What is ordinary for a model, as a file; and the key without which its digests say nothing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from garrison.errors import ConfigError
from garrison.ledger import durable
from garrison.watch.models.inference import Inference
from garrison.watch.models.learn import first_window, learn
from garrison.watch.models.reference import Reference
from garrison.watch.models.window import Window

_FORM: Final = "garrison-model-reference-1"
_KEY_BYTES: Final = 32


class Learnt(msgspec.Struct, frozen=True, eq=False):
    """A reference, and the window that others are compared with."""

    form: str
    reference: Reference
    window: Window


def learnt(inferences: Iterable[Inference], key: bytes) -> Learnt:
    """What is ordinary, from what a model was asked and answered. Raises ConfigError where that is too little."""
    seen = list(inferences)
    if not seen:
        raise ConfigError("there is nothing to learn from", hint="give requests together with their answers")
    reference = learn(seen, key)
    return Learnt(_FORM, reference, first_window(seen, reference, key))


def write(path: Path, made: Learnt) -> None:
    """Put it into a file, whole or not at all. Raises OSError."""
    durable.replace(path, msgspec.json.encode(made))


def read(path: Path) -> Learnt:
    """Read such a file. Raises ConfigError."""
    hint = "make it with: garrison models learn"
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Learnt)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path), hint=hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"does not tell what is ordinary for a model: {error}", path=str(path), hint=hint) from error
    if found.form != _FORM:
        raise ConfigError(f"is of another form, {found.form!r}", path=str(path), hint=hint)
    return found


def read_key(path: Path) -> bytes:
    """The key of this place. Raises ConfigError."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except FileNotFoundError as error:
        raise ConfigError("is missing", path=str(path), hint="make it with: garrison models learn") from error
    except (OSError, ValueError) as error:
        raise ConfigError("is no key", path=str(path), hint="put it back from a copy") from error
    if len(key) != _KEY_BYTES:
        raise ConfigError(f"has {len(key)} bytes, not {_KEY_BYTES}", path=str(path), hint="put it back from a copy")
    return key


def make_key(path: Path) -> bytes:
    """The key, made where there is none yet. Raises OSError, ConfigError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(_KEY_BYTES))
        file.flush()
        os.fsync(descriptor)
    return read_key(path)
