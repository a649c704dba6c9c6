"""Three-valued truth: Kleene's strong logic of indeterminacy (K3; Introduction to Metamathematics, 1952, section 64)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from garrison.estate.values import Value


class Truth(msgspec.Struct, frozen=True, eq=False):
    """Yes (True), no (False) or unknown (None), and the values that decided it: the evidence of a finding."""

    answer: bool | None
    because: tuple[Value, ...] = ()

    def __bool__(self) -> bool:
        raise TypeError("a Truth may be unknown: combine it with & | ~ and end in fail_if()")

    def __invert__(self) -> Truth:
        return Truth(None if self.answer is None else not self.answer, self.because)

    def __and__(self, other: Truth) -> Truth:
        return _join(self, other, decisive=False)

    def __or__(self, other: Truth) -> Truth:
        return _join(self, other, decisive=True)

    @property
    def yes(self) -> bool:
        """Certainly so."""
        return self.answer is True

    @property
    def no(self) -> bool:
        """Certainly not so."""
        return self.answer is False

    @property
    def unknown(self) -> bool:
        """Not decided."""
        return self.answer is None


YES, NO = Truth(True), Truth(False)


def _join(a: Truth, b: Truth, *, decisive: bool) -> Truth:
    """`decisive` is the answer that settles it alone: no for "and", yes for "or"."""
    if a.answer is decisive:
        return a
    if b.answer is decisive:
        return b
    if a.answer is None:
        return Truth(None, a.because + b.because) if b.answer is None else a
    return b if b.answer is None else Truth(not decisive, a.because + b.because)


def any_of(truths: Iterable[Truth]) -> Truth:
    """Whether one of them is yes; no where there are none."""
    return _of(truths, decisive=True)


def all_of(truths: Iterable[Truth]) -> Truth:
    """Whether all of them are yes; yes where there are none."""
    return _of(truths, decisive=False)


def _of(truths: Iterable[Truth], *, decisive: bool) -> Truth:
    """As `_join` would do one after the other, in linear time; what comes after the decisive one is not asked."""
    unknown: list[Value] = []
    other: list[Value] = []
    undecided = False
    for truth in truths:
        if truth.answer is decisive:
            return truth
        undecided = undecided or truth.answer is None
        (unknown if truth.answer is None else other).extend(truth.because)
    return Truth(None, tuple(unknown)) if undecided else Truth(not decisive, tuple(other))
