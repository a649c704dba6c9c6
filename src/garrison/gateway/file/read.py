"""Read a gateway file, in TOML or YAML."""

from __future__ import annotations

from pathlib import Path

import msgspec

from garrison.errors import ConfigError
from garrison.forms import read as forms
from garrison.forms.blame import Blame
from garrison.forms.places import Steps
from garrison.gateway.file.form import Gateway


class Loaded(msgspec.Struct, frozen=True, eq=False):
    """A gateway file, and where its keys stand."""

    path: Path
    gateway: Gateway
    lines: forms.Lines

    def beside(self, name: str) -> Path:
        """A path as the file means it: from its own folder."""
        return self.path.parent / name

    @property
    def state(self) -> Path:
        """The folder of what the gateway keeps."""
        return self.beside(self.gateway.gateway.state)

    @property
    def log(self) -> Path:
        """The audit feed."""
        return self.beside(self.gateway.log.file) if self.gateway.log.file else self.state / "audit.jsonl"

    def wrong(self, steps: Steps, message: str, hint: str) -> ConfigError:
        """An error that names file, line and key."""
        return forms.wrong(self.path, self.lines, Blame(steps, message, hint))

    def unread(self, steps: Steps, name: str, error: OSError) -> ConfigError:
        """The same for a file that is named and cannot be read."""
        reason = (error.strerror or "it cannot be read").lower()
        return self.wrong(steps, f"{name}: {reason}", "paths are from the folder of this file")


def read(path: Path) -> Loaded:
    """Read a gateway file. Raises ConfigError that names file, line and key, and what to write instead."""
    return Loaded(path, *forms.read(path, Gateway))
