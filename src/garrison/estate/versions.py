"""Versions of programs, as far as a tag or a pin tells them, and on which side of a bound they lie.

`7` and `2.9` as the tag of an image stand for any release that begins so: whether such a one lies below 2.9.2 is not
known. Numbers are compared as PEP 440 does, with `rc` and the like before the release and `post` behind it.
"""

from __future__ import annotations

import re

import msgspec

_VERSION = re.compile(r"v?(?P<numbers>\d+(?:\.\d+)*)(?:[.-]?(?P<stage>a|b|rc|alpha|beta|dev|post|pre)[.-]?(?P<n>\d*))?")
_CONDITION = re.compile(r"(<=|>=|<|>)(\S+)")
_ENDLESS = 10**9  # greater than any number in a version
_LONGEST = 6  # numbers in one

Key = tuple[tuple[int, ...], int, int]


class Version(msgspec.Struct, frozen=True):
    """What is known of a version: the first and the last release that it may be."""

    text: str
    first: Key
    last: Key

    def below(self, bound: str) -> bool | None:
        """Whether it lies before a release; None where that is not known."""
        at = parse(bound).first
        return True if self.last < at else False if self.first >= at else None

    def above(self, bound: str) -> bool | None:
        """Whether it lies behind a release; None where that is not known."""
        at = parse(bound).first
        return True if self.first > at else False if self.last <= at else None

    def within(self, ranges: str) -> bool | None:
        """Whether it fulfils all conditions of a text like `>=0.6.5 <0.8.5`; None where that is not known."""
        said = [self._fulfils(sign, bound) for sign, bound in _CONDITION.findall(ranges)]
        return False if False in said else None if None in said else True

    def _fulfils(self, sign: str, bound: str) -> bool | None:
        beyond = self.below(bound) if sign in ("<", ">=") else self.above(bound)
        return beyond if sign in ("<", ">") or beyond is None else not beyond


def parse(text: str, *, exact: bool = True) -> Version:
    """The version at the beginning of a text; one that is not `exact` may go on. Raises ValueError for what is none."""
    found = _VERSION.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no version")
    numbers = [min(int(n[:10]), _ENDLESS - 1) for n in found["numbers"].split(".")][:_LONGEST]
    stage = 0 if found["stage"] is None else 1 if found["stage"] == "post" else -1
    order = int((found["n"] or "0")[:10])

    def filled(filler: int) -> Key:
        return (*numbers, *([filler] * (_LONGEST - len(numbers)))), stage, order

    return Version(found[0].removeprefix("v"), filled(0), filled(0 if exact or stage else _ENDLESS))
