"""What is ordinary for a model, as a file."""

from __future__ import annotations

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

_FORM: Final = "garrison-model-reference-2"


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
