"""Numbers, as logs write them."""

from __future__ import annotations

_MAX_DIGITS = 18  # what every column holds


def number(said: str) -> int:
    """Digits of ASCII, `-` and nothing for zero. Raises ValueError."""
    if said in ("", "-"):
        return 0
    if not (said.isascii() and said.isdigit()) or len(said) > _MAX_DIGITS:
        raise ValueError(f"{said[:40]!r} is no number")
    return int(said)
