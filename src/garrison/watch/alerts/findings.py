"""What a scan has found about the assets of alerts: a report of `garrison scan --format json`, read again when it changes.

An asset is matched by what it is called, exactly: its address in the files, its name, or the name in its ARN or URL where the kind of
asset is that of the ARN. A name that assets of several kinds have matches none of them by itself: nothing is told that may be of another.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections import defaultdict
from importlib import resources
from pathlib import Path

import msgspec

from garrison.errors import ConfigError
from garrison.watch.alerts.alert import Alert

FINDINGS = "settings/findings"
"""Under which the file of alerts remembers where the report is, for the command line."""

_MOST_BYTES = 256 << 20
_ARN = re.compile(r"arn:[a-z-]+:(?P<service>[a-z0-9-]+):[^:]*:[^:]*:(?P<rest>.+)")
_BUCKET = re.compile(r"(?:s3|gs)://(?P<name>[^/]+)(?:/.*)?")


class Found(msgspec.Struct, frozen=True):
    """A finding, as far as it is told beside an alert."""

    check: str
    severity: str
    why: str
    risk: float  # 0 to 100
    asset: str
    place: str
    fingerprint: str


class _Place(msgspec.Struct):
    path: str
    line: int


class _Asset(msgspec.Struct):
    address: str
    label: str
    kind: str
    place: _Place


class _Risk(msgspec.Struct):
    score: float


class _Finding(msgspec.Struct):
    check: str
    severity: str
    why: str
    asset: _Asset
    risk: _Risk
    fingerprint: str


class _Report(msgspec.Struct):
    findings: list[_Finding]


_decode = msgspec.json.Decoder(_Report).decode


class Findings:
    """The findings of a report; none where there is no report."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._by_name: dict[str, list[tuple[str, Found]]] = {}

    def of(self, alert: Alert) -> list[Found]:
        """Those of the asset of an alert, the greatest risk first. Raises ConfigError, once, where the report cannot be read."""
        self.look()
        name, kind = _named(alert.asset)
        candidates = self._by_name.get(alert.asset, []) or self._by_name.get(name, [])
        kinds = {found_kind for found_kind, _ in candidates}
        wanted = kind or (next(iter(kinds)) if len(kinds) == 1 else "")
        return sorted((f for k, f in candidates if k == wanted), key=lambda f: (-f.risk, f.fingerprint))

    def look(self) -> None:
        """Read the report if it has changed. Raises ConfigError, once, where it cannot be read: there are no findings then."""
        if self._path is None:
            return
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return
            self._seen, self._by_name = seen, {}
            if status.st_size > _MOST_BYTES:
                raise ConfigError("larger than 256 MiB", hint="scan less at a time", path=str(self._path))
            report = _decode(self._path.read_bytes())
        except FileNotFoundError:  # not scanned yet
            self._seen, self._by_name = None, {}
            return
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            hint = "write it with garrison scan --format json -o FILE"
            raise ConfigError(f"this is no report of a scan: {error}", hint=hint, path=str(self._path)) from error
        self._by_name = _by_name(report)


def _by_name(report: _Report) -> dict[str, list[tuple[str, Found]]]:
    named: dict[str, list[tuple[str, Found]]] = defaultdict(list)
    for said in report.findings:
        asset = said.asset
        place = f"{asset.place.path}:{asset.place.line}"
        found = Found(said.check, said.severity, said.why, said.risk.score, asset.label, place, said.fingerprint)
        for name in {asset.address, asset.label} - {""}:
            named[name].append((asset.kind, found))
    return dict(named)


def _named(asset: str) -> tuple[str, str]:
    """The name in an ARN or a bucket's URL, and the kind of asset that this is; nothing where it is neither."""
    if bucket := _BUCKET.fullmatch(asset):
        return bucket["name"], "Bucket"
    arn = _ARN.fullmatch(asset)
    if arn is None:
        return "", ""
    type_, separator, name = re.match(r"([a-z-]+)?([:/])?(.*)", arn["rest"], re.DOTALL).groups()  # type: ignore[union-attr]
    kinds = _arns()
    if kind := kinds.get(arn["service"]):
        return arn["rest"].partition("/")[0], kind
    kind = kinds.get(f"{arn['service']}:{type_}", "") if separator else ""
    return (name.rpartition("/")[2] if kind in ("Role", "User") else name), kind


@functools.cache
def _arns() -> dict[str, str]:
    return tomllib.loads(resources.files(__package__).joinpath("arns.toml").read_text("utf8"))
