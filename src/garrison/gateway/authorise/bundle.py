"""What the service decides by: policies and models in one file, written whole by the compiler and taken up when it changes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from garrison.errors import ConfigError
from garrison.policy.decide import Judge
from garrison.policy.policies import Policies
from garrison.policy.request import Model

_HINT = "compile the gateway again"
_Stamp = tuple[int, int, int]


BUNDLE = "policies.json"


class Bundle(msgspec.Struct, frozen=True):
    """All that decisions depend on but the request."""

    policies: Policies
    models: tuple[Model, ...]


def written(bundle: Bundle) -> str:
    """A bundle as it lies in its file."""
    return msgspec.json.encode(bundle, order="deterministic").decode()


def write_bundle(path: Path, bundle: Bundle) -> None:
    """Put a bundle into its place: a reader finds the old one or the new one. Raises OSError."""
    descriptor, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(written(bundle).encode())
            file.flush()
            os.fsync(descriptor)
        Path(made).rename(path)
    finally:
        Path(made).unlink(missing_ok=True)


def read_bundle(path: Path) -> Bundle:
    """Read a bundle. Raises ConfigError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Bundle)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path), hint=_HINT) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"is no bundle of policies: {error}", path=str(path), hint=_HINT) from error


class Current:
    """The bundle of a path as it is now.

    One that is missing or broken is not made up for by the one before: what was revoked must not stay allowed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: _Stamp | None = None
        self._judge: Judge | None = None

    def judge(self) -> Judge:
        """Who decides. Raises ConfigError where there is no bundle that can be read."""
        try:
            stat = self._path.stat()
        except OSError as error:
            self._judge = None
            raise ConfigError(f"cannot be read: {error.strerror}", path=str(self._path), hint=_HINT) from error
        stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if self._judge is None or stamp != self._stamp:
            self._judge = None
            bundle = read_bundle(self._path)
            self._judge = Judge(bundle.policies, bundle.models)
            self._stamp = stamp
        return self._judge
