"""Addresses of servers, in the form that Envoy, urllib and certificates understand alike (RFC 3986, section 3.2)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

LAST_PORT = 65_535
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>.*))?", re.DOTALL)
_NAME = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*(?![0-9]+\.?$)[A-Za-z0-9_-]{1,63}\.?")  # none that ends like an address
_LONGEST_NAME = 253
_PATH = re.compile(r"[!$-~]*")  # and a query; no space, no quote, no fragment


def fault(url: str, schemes: Collection[str], *, path: bool = False, underscore: bool = True) -> str:
    """What keeps a URL from being an address of one of the schemes; "" if nothing does.

    It is not repeated, as a password may be in it. Names with an underscore are those of many a host, but none of the Internet's
    (RFC 1123, section 2.1), and Envoy takes them in clusters, but not in URLs.
    """
    scheme, _, rest = url.partition("://")
    authority, _, after = rest.partition("/")
    if scheme not in schemes:
        return f"it does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    found = _AUTHORITY.fullmatch(authority)
    if found is None or not _is_host(found["host"]):
        return "it names no host"
    if not underscore and "_" in found["host"]:
        return "the name of its host has an underscore"
    if found["port"] is not None and not is_port(found["port"]):
        return f"its port is none from 1 to {LAST_PORT}"
    if not path and after:
        return "it has a path"
    return "" if _PATH.fullmatch(after) else "its path has characters that are to be written as %20"


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is given by; None where it is given by a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_port(text: str) -> bool:
    """Whether a text is the number of a port that can be connected to."""
    return text.isascii() and text.isdigit() and 0 < int(text[:6]) <= LAST_PORT and len(text) <= len(str(LAST_PORT))


def _is_host(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text[1:-1]) if text.startswith("[") else ipaddress.IPv4Address(text)
    except ValueError:
        return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None
    return "%" not in text  # the zone of an address is none of Envoy's
