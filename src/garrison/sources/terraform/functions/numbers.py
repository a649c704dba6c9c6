"""Functions of numbers."""

from __future__ import annotations

import math
from typing import Any

from garrison.sources.terraform.conversion import as_number
from garrison.sources.terraform.functions.calling import Function, Refused, TooMuch, of_data
from garrison.sources.terraform.functions.text import integer, text

_MAX_BITS = 1024
_MAX_BASE = 62
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS_ALIKE = 36  # up to this base, capitals count as small letters


def number(data: Any) -> int | float:
    """The number of plain data. Raises Refused."""
    found = as_number(data)
    if found is None:
        raise Refused("needs a number")
    return found


def _power(base: Any, exponent: Any) -> int | float:
    a, b = number(base), number(exponent)
    if isinstance(a, int) and isinstance(b, int) and abs(a).bit_length() * abs(b) > _MAX_BITS:
        raise TooMuch("the number is too large")
    found = a**b
    if isinstance(found, complex):
        raise Refused("it is no real number")
    return _trimmed(found)


def _trimmed(found: float) -> int | float:
    return int(found) if isinstance(found, float) and found.is_integer() else found


def _parse(said: Any, base: Any) -> int:
    digits, radix = text(said), integer(base)
    if not 2 <= radix <= _MAX_BASE or len(digits) > _MAX_BITS:  # noqa: PLR2004 - the least base there is
        raise Refused("its base is not between 2 and 62")
    negative = digits.startswith("-")
    found = 0
    for digit in digits[1:] if negative else digits:
        worth = _DIGITS.index(digit.lower() if radix <= _LETTERS_ALIKE else digit)
        if worth >= radix:
            raise Refused("it is no number in that base")
        found = found * radix + worth
    return -found if negative else found


FUNCTIONS: dict[str, Function] = {
    "abs": of_data(lambda n: abs(number(n)), 1),
    "ceil": of_data(lambda n: math.ceil(number(n)), 1),
    "floor": of_data(lambda n: math.floor(number(n)), 1),
    "log": of_data(lambda n, base: _trimmed(math.log(number(n), number(base))), 2),
    "max": of_data(lambda *n: max(number(i) for i in n), 1, 1000),
    "min": of_data(lambda *n: min(number(i) for i in n), 1, 1000),
    "parseint": of_data(_parse, 2),
    "pow": of_data(_power, 2),
    "signum": of_data(lambda n: (number(n) > 0) - (number(n) < 0), 1),
}
