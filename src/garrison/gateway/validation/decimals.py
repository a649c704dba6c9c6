"""Numbers as the decimals they are written as: JSON knows no doubles, and a bound beyond 2^53 must hold to the last digit."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import TypeGuard

import msgspec

Number = int | float | Decimal

MAX_EXACT_DIGITS = 15  # decimals of so many digits are told apart by their doubles, where those are not denormal
MAX_EXACT_EXPONENT = 300
_MAX_POWER = 308  # of ten, of the largest double
_UNSURE = 1e-11  # a value whose digits were not all kept lies within one part in 10^12


class Decimals(msgspec.Struct, frozen=True):
    """`sign` 0.`digits` times 10^`exponent`, without zeros around the digits; zero has none. The form of json.lua."""

    sign: str
    digits: str
    exponent: int

    @property
    def spelled(self) -> str:
        """The one spelling of a number, as `spelled` of json.lua has it."""
        return f"{self.sign}{self.digits}e{self.exponent}" if self.digits else "0"


def is_number(value: object) -> TypeGuard[Number]:
    """Whether a value of a schema is a number that JSON has and a double can come near to."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return False
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value.adjusted()) <= _MAX_POWER
    return abs(value) <= sys.float_info.max


def exactly(number: Number) -> Decimal:
    """A number as it is written; floats count as their shortest spelling."""
    return Decimal(repr(number) if isinstance(number, float) else number)


def decimals(number: Number) -> Decimals:
    """A number's digits."""
    sign, digits, exponent = exactly(number).as_tuple()
    assert isinstance(exponent, int)  # noqa: S101  # neither NaN nor infinite: is_number
    text = "".join(map(str, digits))
    kept = text.strip("0")
    if not kept:
        return Decimals("", "", 0)
    leading = len(text) - len(text.lstrip("0"))
    return Decimals("-" if sign else "", kept, len(text) - leading + exponent)


def exact(number: Number) -> bool:
    """Whether the double next to the number can stand for it when it is compared with doubles that are exact themselves."""
    found = decimals(number)
    return len(found.digits) <= MAX_EXACT_DIGITS and abs(found.exponent) <= MAX_EXACT_EXPONENT


def double(number: Number) -> float:
    """The nearest double; the largest for what is a little larger."""
    return max(-sys.float_info.max, min(sys.float_info.max, float(number)))


def margin(number: Number) -> float:
    """How far from a bound a value must be for its double to decide."""
    return abs(double(number)) * _UNSURE + 1e-300
