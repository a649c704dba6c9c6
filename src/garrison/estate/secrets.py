"""Secrets that are told by their shape. The shapes are in `secrets.toml`; values are never shown."""

from __future__ import annotations

import math
import re
import tomllib
import zlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKED = 6  # characters of a checksum
# What stands in a secret's place in documentation, templates and tests.
_STANDS_IN = re.compile(
    r"(?i)example|change.?me|change.?it|replace|place.?holder|redacted|invalid|dummy|insert|fake|sample|your[-_ .]?|todo|xxxx|\*\*\*"
    r"|\.\.\.|secret.?key|my.?(secret|password|token|key)|test.?(key|token|secret|password)|not.?a?.?real|^(pass|user)(word|name)?$"
    r"|12345|abcdef|^[$%<{]|[$#%]\{|\{\{|%\(|^none$|^null$|^true$|^false$|foobar|deadbeef|0000000|lorem"
)
# The key of every Azurite, the emulator of Azure Storage:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
_EMULATOR = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq"
_BEGINS = ("(?<==)", r"\b", "")  # of loose shapes
_RANDOM, _WORDLIKE = 3.2, 2.5  # bits that a character of a random text, and of a password, has at least
# How the base64 of a key begins: an ASN.1 sequence with a version, or OpenSSH's magic.
_KEY = re.compile(r"(?:^|[\sn-])(?:MI[IG]|M[A-H][0-9A-Za-z]CAQ|b3BlbnNzaC1rZXkt)")


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One shape of a secret."""

    name: str
    title: str
    family: str  # cloud, token, key, password
    anchor: str
    pattern: str
    loose: tuple[str, ...] = ()
    beside: str = ""  # a regular expression for what must stand near it
    checksum: bool = False

    @property
    def begins_with_anchor(self) -> bool:
        """Whether what stands in every one of them is the first that stands in it."""
        return self.pattern.startswith(self.anchor)

    def is_genuine(self, text: str) -> bool:
        """Whether a text of this shape is a secret: its checksum holds, it begins as a key does, it is no example."""
        if self.checksum:
            token = text.rpartition("_")[2]
            return token[-_CHECKED:] == _base62(zlib.crc32(token[:-_CHECKED].encode()))
        if "PRIVATE KEY" in self.pattern:
            return _KEY.search(text) is not None
        if self.family == "password":
            return not stands_in(text) and any(c.isdigit() for c in text) and entropy(text) > _WORDLIKE
        return (self.family == "key" or not stands_in(text)) and entropy(text) > _RANDOM and not is_of_emulator(text)


@cache
def forms() -> tuple[Form, ...]:
    """Every known shape, in the order of the file."""
    said: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))
    return tuple(msgspec.convert({"name": name, **facts}, Form) for name, facts in said.items())


@cache
def loose_forms() -> re.Pattern[str]:
    """Whatever looks like a known secret at all. What several shapes begin with is looked for once: a tenth of the time."""
    shapes: dict[str, list[str]] = {begin: [] for begin in _BEGINS}
    for shape in (shape for form in forms() for shape in form.loose):
        begin = next(b for b in _BEGINS if shape.startswith(b))
        shapes[begin].append(shape.removeprefix(begin))
    return re.compile("|".join(f"{begin}(?:{'|'.join(theirs)})" for begin, theirs in shapes.items()))


def is_of_emulator(text: str) -> bool:
    """Whether a text has the key in it with which everybody opens an emulator on his own machine."""
    return _EMULATOR in text


def stands_in(text: str) -> bool:
    """Whether a text is only put in a secret's place: an example, a variable, a note to the reader."""
    return _STANDS_IN.search(text) is not None or len(set(text)) <= 3  # noqa: PLR2004 - xxxxxx, ababab


def entropy(text: str) -> float:
    """Bits for each character, by how often each comes in the text (Shannon)."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _base62(number: int) -> str:
    found = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        found = _DIGITS[digit] + found
    return found.rjust(_CHECKED, "0")
