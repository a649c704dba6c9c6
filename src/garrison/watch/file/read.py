"""Read a watch file, in TOML or YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from garrison.errors import ConfigError
from garrison.forms import read as forms
from garrison.forms.blame import Blame
from garrison.forms.places import Steps
from garrison.watch.file.form import Watch
from garrison.watch.judge.settings import Judging
from garrison.watch.tell.tell import Telling

_SPAN = re.compile(r"(\d{1,9})\s*(s|min|h|d)")
_UNITS_S = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}


class Loaded(msgspec.Struct, frozen=True, eq=False):
    """A watch file, and where its keys stand."""

    path: Path
    watch: Watch
    lines: forms.Lines

    def beside(self, name: str) -> Path:
        """A path as the file means it: from its own folder."""
        return (self.path.parent / name).resolve()

    @property
    def state(self) -> Path:
        """The folder of all that is kept."""
        return self.beside(self.watch.watch.state)

    @property
    def store(self) -> Path | str:
        """Where events are stored: a folder, or the URL of a cluster."""
        return self.watch.watch.store or self.state / "store"

    @property
    def ledger(self) -> Path | None:
        """The ledger that is told of batches."""
        return self.beside(self.watch.watch.ledger) if self.watch.watch.ledger else None

    @property
    def alerts(self) -> Path:
        """The file of alerts."""
        return self.state / "alerts.db"

    @property
    def retention(self) -> Mapping[str, int | None]:
        """Days by class, as far as the file says."""
        return {one.name: one.days for one in self.watch.retention}

    @property
    def judging(self) -> Judging:
        """What the judge is told."""
        said: dict[str, float] = {one.name: span_s(one.quiet_after) for one in self.watch.input if one.quiet_after}
        return Judging(self.watch.rules, self.watch.baselines, self.watch.silence, said)

    @property
    def telling(self) -> Telling:
        """What is told to whom, and what is done."""
        return Telling(routes=self.watch.route, responses=self.watch.response, findings=self.watch.watch.findings)

    def wrong(self, steps: Steps, message: str, hint: str) -> ConfigError:
        """An error that names file, line and key."""
        return forms.wrong(self.path, self.lines, Blame(steps, message, hint))

    def warning(self, steps: Steps, message: str, hint: str) -> str:
        """What is worth telling, in one line that names file, line and key."""
        error = self.wrong(steps, message, hint)
        return f"{error.where}  {error.message}; {error.hint}"


def read(path: Path, *, copy: Path | None = None) -> Loaded:
    """Read a watch file, or what it said when a copy was made. Raises ConfigError that names file, line and key, and what to write."""
    return Loaded(path, *forms.read(path, Watch, copy=copy))


def span_s(said: str) -> int:
    """`30s`, `5min`, `1h`, `7d` in seconds. Raises ConfigError."""
    found = _SPAN.fullmatch(said)
    if found is None or found[1].strip("0") == "":
        raise ConfigError(f"{said!r} is no span of time", hint='write "30s", "5min", "1h" or "7d"')
    return int(found[1]) * _UNITS_S[found[2]]
