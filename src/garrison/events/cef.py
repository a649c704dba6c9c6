r"""The Common Event Format, of which SIEMs make events: a header of seven fields, and an extension of keys and values.

    CEF:0|Garrison|watch|0.1.0|secret-read|Many secrets are read|8|rt=1790000000000 suser=batch msg=12 secrets in 10 min

As of "ArcSight Common Event Format (CEF) Implementation Standard", version 25: in the header `\` and `|` are escaped, in the extension
`\`, `=` and ends of lines; a line ends nowhere else. `cef.toml` has the keys and the most characters that they take.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import tomllib
from collections.abc import Iterable
from importlib import resources

import msgspec

from garrison.events.event import Severity

_VERSION = 0
_VENDOR = "Garrison"
_CONTROLS = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BREAKS = re.compile(r"[\r\n]+")
_KEY = re.compile(r"[A-Za-z0-9_.]{1,64}")
_SEVERITY = {
    Severity.UNKNOWN: 0,
    Severity.INFORMATIONAL: 1,
    Severity.LOW: 3,
    Severity.MEDIUM: 5,
    Severity.HIGH: 8,
    Severity.CRITICAL: 10,
}


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before the extension. `event_class` tells kinds of events apart: the id of a rule."""

    product: str  # watch, gateway, scan
    version: str
    event_class: str
    name: str
    severity: Severity
    vendor: str = _VENDOR


def cef(header: Header, extension: Iterable[tuple[str, str | int]]) -> str:
    """One event, in one line. Values that are empty are left out; what is longer than the standard allows is cut."""
    limits = _limits()
    fields = [
        _in_header(text, limits[name])
        for name, text in (
            ("deviceVendor", header.vendor),
            ("deviceProduct", header.product),
            ("deviceVersion", header.version),
            ("deviceEventClassId", header.event_class),
            ("name", header.name),
        )
    ]
    pairs = [
        f"{key}={_in_extension(str(value), limits.get(_known(key), 0))}" for key, value in extension if value != ""
    ]
    return "|".join((f"CEF:{_VERSION}", *fields, str(_SEVERITY[header.severity]), " ".join(pairs)))


def address(side: str, said: str) -> list[tuple[str, str]]:
    """An address under the key that its kind has: `src` and `dst` take IPv4 only. Nothing where it is no address."""
    try:
        found = ipaddress.ip_address(said)
    except ValueError:
        return []
    if found.version == 4:  # noqa: PLR2004
        return [(side, str(found))]
    key, label = {"src": ("c6a2", "Source IPv6 Address"), "dst": ("c6a3", "Destination IPv6 Address")}[side]
    return [(f"{key}Label", label), (key, str(found))]


def labelled(key: str, label: str, value: str | int) -> list[tuple[str, str | int]]:
    """A custom field (`cs1`, `cn1`) and what it is; nothing where it has no value."""
    return [(f"{key}Label", label), (key, value)] if value != "" else []


def _in_header(text: str, most: int) -> str:
    plain = _CONTROLS.sub(" ", _BREAKS.sub(" ", text))[:most]
    return plain.replace("\\", "\\\\").replace("|", "\\|")


def _in_extension(text: str, most: int) -> str:
    plain = _CONTROLS.sub(" ", text)
    plain = (plain[:most] if most else plain).replace("\\", "\\\\").replace("=", "\\=")
    return plain.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\r")


def _known(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise AssertionError(f"{key!r} is no key of CEF")
    return key


@functools.cache
def _limits() -> dict[str, int]:
    """The most characters that a field takes; the labels of custom fields are alike."""
    return tomllib.loads(resources.files(__package__).joinpath("cef.toml").read_text("utf8"))
