"""`garrison.toml`, or `[tool.garrison]` in `pyproject.toml`, and what a scan makes of it.

[scan]
fail-on  = "high"                    # or "never"
pillars  = ["cloud", "containers"]   # judge only these
exclude  = ["legacy/"]               # patterns as in a .gitignore, from the top of what is scanned
baseline = "garrison-baseline.json"  # from this file's folder
checks   = ["checks/"]               # your own, in YAML: files or folders, from this file's folder

[[ignore]]
check   = "bucket-public"
path    = "web/**"                   # or address = "infra:aws_s3_bucket.site"; both are globs
reason  = "the site is public"
until   = 2027-01-01

[[asset]]                            # what names and tags do not tell
address     = "infra:aws_s3_bucket.b*"
holds       = ["training data"]      # [] for nothing of worth
environment = "production"           # staging, development
stage       = "train"                # ingest, register, serve, monitor

[[helm]]                             # values for charts, over the charts' own
chart  = "charts/*"                  # a glob of their folders; all without it
values = ["values-production.yaml"]  # from this file's folder, the later over the earlier
"""

from __future__ import annotations

import datetime as dt
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from garrison.checks.check import Check, Pillar, Severity
from garrison.checks.frameworks import Framework
from garrison.errors import ConfigError
from garrison.estate.facts import Content, Environment, Stage, Stated
from garrison.estate.values import Place, Source
from garrison.findings.baseline import Baseline
from garrison.findings.ignores import Ignore
from garrison.sources.helm.values import Given, read_values
from garrison.sources.interface import Note

NAME = "garrison.toml"
NEVER = "never"
_TABLE = ("tool", "garrison")
_WORDS = {"pillars": Pillar, "environment": Environment, "stage": Stage, "holds": Content}
_MAX_BYTES = 1_000_000
# Reading such keys takes time that grows with the square of their length.
_DEEP_KEY = re.compile(rb"""(?<![\w"'-])[\w"'-]++(?:[ \t]*+\.[ \t]*+[\w"'-]++){100}""")
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]*)`")


class Ignoring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One `[[ignore]]`."""

    check: str | tuple[str, ...]
    reason: str
    path: str = ""
    address: str = ""
    until: dt.date | None = None


class Scanning(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[scan]`."""

    fail_on: str | None = None
    pillars: tuple[Pillar, ...] = ()
    exclude: tuple[str, ...] = ()
    baseline: str | None = None
    checks: tuple[str, ...] = ()


class Describing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One `[[asset]]`."""

    path: str = ""
    address: str = ""
    environment: Environment | None = None
    stage: Stage | None = None
    holds: tuple[Content, ...] | None = None


class Rendering(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One `[[helm]]`."""

    values: tuple[str, ...]
    chart: str = "*"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The whole file."""

    scan: Scanning = Scanning()
    ignore: tuple[Ignoring, ...] = ()
    asset: tuple[Describing, ...] = ()
    helm: tuple[Rendering, ...] = ()


class Loaded(msgspec.Struct, frozen=True, eq=False):
    """A configuration, and the file it stands in; None where there is none."""

    config: Config = Config()
    path: Path | None = None
    data: bytes = b""

    def beside(self, name: str) -> Path:
        """A path as the file means it: from its own folder."""
        return Path(name) if self.path is None else self.path.parent / name

    def own_checks(self) -> list[Path]:
        """The files and folders of its own checks. Raises ConfigError for one that is not there."""
        found = [self.beside(name) for name in self.config.scan.checks]
        for name, path in zip(self.config.scan.checks, found, strict=True):
            if not path.exists():
                prefix = _TABLE if self.path is not None and self.path.name == "pyproject.toml" else ()
                line = line_of(self.data, (*prefix, "scan", "checks"))
                hint = "paths are from the folder of this file"
                raise ConfigError(f"no file or folder is called {name}", path=str(self.path), line=line, hint=hint)
        return found

    def ignores(self, top: Path) -> list[Ignore]:
        """Its `[[ignore]]` entries, their globs made relative to `top`, as the paths of a scan are."""
        if self.path is None:
            return []
        folder = self.path.parent.resolve()
        source = Source(Path(os.path.relpath(self.path.resolve(), top)).as_posix(), self.data)
        found = []
        for number, entry in enumerate(self.config.ignore):
            line = line_of(self.data, ("ignore", number)) or 1
            place = Place.at(source, (line - 1, 0), (line - 1, 10))
            checks = (entry.check,) if isinstance(entry.check, str) else entry.check
            glob = _from_top(entry.path, folder, top) if entry.path else ""
            until = entry.until.isoformat() if entry.until else ""
            found.append(Ignore(checks, entry.reason, until, place, 0, glob, entry.address))
        return found

    def helm_values(self, top: Path) -> list[Given]:
        """The values of its `[[helm]]` entries, their globs made relative to `top`. Raises ConfigError."""
        folder = top if self.path is None else self.path.parent.resolve()
        return [
            Given(_from_top(entry.chart, folder, top), read_values(self.beside(name)))
            for entry in self.config.helm
            for name in entry.values
        ]

    def stated(self, top: Path) -> list[Stated]:
        """Its `[[asset]]` entries, their globs made relative to `top`."""
        folder = top if self.path is None else self.path.parent.resolve()
        return [
            Stated(
                path=_from_top(a.path, folder, top) if a.path else "",
                address=a.address,
                environment=a.environment,
                stage=a.stage,
                holds=a.holds,
            )
            for a in self.config.asset
        ]


class Settings(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a scan is asked for: the command line over the configuration."""

    pillars: frozenset[Pillar] = frozenset(Pillar)
    checks: frozenset[str] = frozenset()  # ids; none stands for all
    framework: Framework | None = None  # judge only what it is about
    own: tuple[Check, ...] = ()  # a user's, beside those that are shipped
    exclude: tuple[str, ...] = ()
    loaded: Loaded = Loaded()
    baseline: Baseline | None = None
    since: str = ""  # the Git revision that the baseline is made from; "" where it is a file
    notes: tuple[Note, ...] = ()  # on how it was made
    fail_on: Severity | None = Severity.LOW
    defences: bool = True  # whether the layers of defence are worked out, which only some reports tell of
    helm_values: tuple[Given, ...] = ()  # for charts, over what the configuration gives them
    today: dt.date = msgspec.field(default_factory=dt.date.today)
    texts: dict[str, bytes] = {}  # by the path of a file: what is read in place of what is in it


def find_config(start: Path) -> Path | None:
    """The nearest configuration at or above a folder, not beyond the repository it is in."""
    folder = start.resolve()
    for place in (folder, *folder.parents):
        if (place / NAME).is_file():
            return place / NAME
        project = place / "pyproject.toml"
        if project.is_file() and b"[tool.garrison" in project.read_bytes():
            return project
        if (place / ".git").exists():
            return None
    return None


def load(path: Path) -> Loaded:
    """Read a configuration. Raises ConfigError that names file, line and key, and what to write instead."""
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            message = f"larger than {_MAX_BYTES // 1_000_000} MB"
            raise ConfigError(message, path=str(path), line=1, hint="keep only what is needed")
        if deep := _DEEP_KEY.search(data):
            line = data.count(b"\n", 0, deep.start()) + 1
            raise ConfigError("a key of more than 100 names", path=str(path), line=line, hint="nothing real needs that")
        said: Any = tomllib.loads(data.decode("utf8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path)) from error
    except RecursionError as error:
        raise ConfigError("it is nested too deeply", path=str(path), line=1, hint="nothing real needs that") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", path=str(path), line=line, hint="save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(where[1]), int(where[2])) if where else (data.count(b"\n") + 1, 0)
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise ConfigError(f"not TOML: {message}", path=str(path), line=line, column=column) from error
    prefix = _TABLE if path.name == "pyproject.toml" else ()
    for step in prefix:
        said = said.get(step, {})
    try:
        config = msgspec.convert(said, Config)
    except msgspec.ValidationError as error:
        raise _explained(error, path, data, prefix) from error
    _check_values(config, path, data, prefix)
    return Loaded(config, path, data)


def severity_of(text: str | None, path: str = "", line: int = 0) -> Severity | None:
    """A severity, or None for "never". Raises ConfigError for another word."""
    if text == NEVER:
        return None
    try:
        return Severity(text or Severity.LOW)
    except ValueError as error:
        words = ", ".join([*Severity, NEVER])
        raise ConfigError(f"fail-on is {text!r}", path=path, line=line, hint=f"write one of: {words}") from error


def _check_values(config: Config, path: Path, data: bytes, prefix: tuple[str, ...]) -> None:
    severity_of(config.scan.fail_on, str(path), line_of(data, (*prefix, "scan", "fail-on")))
    for number, described in enumerate(config.asset):
        if not (described.path or described.address):
            line = line_of(data, (*prefix, "asset", number))
            hint = 'add path = "folder/**" or address = "..."; both are globs'
            raise ConfigError("an asset without a path or an address", path=str(path), line=line, hint=hint)
    for number, entry in enumerate(config.ignore):
        where = line_of(data, (*prefix, "ignore", number))
        if not (entry.path or entry.address):
            hint = 'add path = "folder/**" or address = "..."; both are globs'
            raise ConfigError("an ignore without a path or an address", path=str(path), line=where, hint=hint)
        if not entry.reason.strip():
            raise ConfigError("an ignore without a reason", path=str(path), line=where, hint='add reason = "..."')


def _explained(error: msgspec.ValidationError, path: Path, data: bytes, prefix: tuple[str, ...]) -> ConfigError:
    message, _, where = str(error).partition(" - at ")
    steps: list[str | int] = [*prefix]
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", where):
        steps.append(int(index) if index else name)
    unknown = _UNKNOWN.match(message)
    names = [str(s) for s in steps[len(prefix) :] if isinstance(s, str)]
    hint = ""
    if unknown:
        steps.append(unknown[1])
        names.append(unknown[1])
        forms: dict[str, type[msgspec.Struct]] = {
            "scan": Scanning,
            "ignore": Ignoring,
            "asset": Describing,
            "helm": Rendering,
        }
        form = forms.get(names[0], Config) if len(names) > 1 else Config
        hint = f"it can be one of: {', '.join(f.encode_name for f in msgspec.structs.fields(form))}"
        message = "unknown key"
    elif message.startswith("Invalid enum value"):
        hint = f"write one of: {', '.join(_WORDS[names[-1]])}"
    elif missing := re.match(r"Object missing required field `([^`]*)`", message):
        message, hint = f"{missing[1]} is missing", f'add {missing[1]} = "..."'
    else:
        message = message[:1].lower() + message[1:].replace("`", "")
    key = ".".join(names)
    return ConfigError(
        f"{key}: {message}" if key else message, path=str(path), line=line_of(data, tuple(steps)), hint=hint
    )


def line_of(data: bytes, steps: tuple[str | int, ...]) -> int:
    """The line of a key in TOML as people write it; that of its table where the key is not found, else 0."""
    wanted = [s for s in steps if isinstance(s, str)]
    number = next((s for s in steps if isinstance(s, int)), 0)
    table: list[str] = []
    counts: dict[str, int] = {}
    best, depth = 0, -1
    for line, text in enumerate(data.decode("utf8", "replace").split("\n"), 1):
        stripped = text.strip()
        if header := re.match(r"(\[\[?)\s*([^\]]+?)\s*\]", stripped):
            table = [p.strip().strip("\"'") for p in header[2].split(".")]
            name = ".".join(table)
            counts[name] = counts.get(name, -1) + 1
            here = table
        elif "=" in stripped and not stripped.startswith("#"):
            here = [*table, *(p.strip().strip("\"'") for p in stripped.partition("=")[0].split("."))]
        else:
            continue
        matches = here == wanted[: len(here)] and (counts.get(".".join(table), 0) == number or not counts)
        if matches and len(here) > depth:
            best, depth = line, len(here)
    return best


def _from_top(glob: str, folder: Path, top: Path) -> str:
    """A glob relative to `folder` as one relative to `top`."""
    if folder == top:
        return glob
    if top.is_relative_to(folder):
        inside = top.relative_to(folder).as_posix() + "/"
        # What is scanned may lie below what the glob names, or be what it names.
        return glob.removeprefix(inside) if glob.startswith((inside, "*")) else glob
    return Path(os.path.relpath(folder, top), glob).as_posix()
