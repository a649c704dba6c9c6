"""The patterns that are shipped, and what proves a match."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Final

import msgspec


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of them: an expression, or names of fields (in lower case, without - and _)."""

    title: str
    regex: str = ""
    check: str = ""
    names: frozenset[str] = frozenset()
    but_objects: bool = False  # fields with these names that hold an object are others
    credential: bool = False
    alone: bool = False  # what is a piece of something longer is none
    match: tuple[str, ...] = ()
    miss: tuple[str, ...] = ()


@cache
def patterns() -> Mapping[str, Pattern]:
    """By their names."""
    data = resources.files(__package__).joinpath("patterns.toml").read_bytes()
    return msgspec.toml.decode(data, type=dict[str, Pattern])


def luhn(text: str) -> bool:
    """Whether digits prove themselves (ISO/IEC 7812-1, annex B)."""
    digits = [int(c) for c in text if c.isdigit()]
    if not 12 <= len(digits) <= 19:  # noqa: PLR2004 - as long as cards are
        return False
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + doubled) % 10 == 0


def iban(text: str) -> bool:
    """Whether an account proves itself (ISO 13616, modulo 97)."""
    plain = text.replace(" ", "")
    turned = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1  # noqa: PLR2004


CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {"luhn": luhn, "iban": iban}
