"""The country of an address, by a file of the user's own in MaxMind's format (https://maxmind.github.io/MaxMind-DB/).

Garrison ships no such file: those of MaxMind, DB-IP and others have licences of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from garrison.errors import ConfigError

_KNOWN = 50_000  # addresses whose country is remembered


def countries(path: Path) -> Callable[[str], str]:
    """From an address to the code of its country (ISO 3166-1), `""` where the file does not know it. Raises ConfigError."""
    try:
        maxminddb: Any = import_module("maxminddb")
    except ImportError as error:
        raise ConfigError(
            "needs a library that is not installed",
            hint="install the extra: garrison[countries]",
            path=str(path),
        ) from error
    try:
        reader = maxminddb.open_database(str(path))
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        hint = "name a file in MaxMind's format, or leave it out"
        raise ConfigError(f"tells no countries: {why}", hint=hint, path=str(path)) from error

    @lru_cache(_KNOWN)
    def country(address: str) -> str:
        try:
            found = reader.get(address)
        except (
            ValueError,
            maxminddb.InvalidDatabaseError,
        ):  # no address: clouds write names of services in their place
            return ""
        said = found.get("country") if isinstance(found, dict) else None
        code = said.get("iso_code") if isinstance(said, dict) else None
        return code if isinstance(code, str) else ""

    return country
