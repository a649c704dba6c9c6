"""HCL's operators in three-valued logic: an unknown operand decides nothing, unless the other one does.

"Expressions: Arithmetic and Logical Operators" in Terraform's language documentation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Context, Decimal, InvalidOperation

from garrison.estate.truth import Truth
from garrison.estate.values import Body, Place, State, Value, known, same, unknown
from garrison.sources.terraform.conversion import as_bool, as_number, plain, whole
from garrison.sources.terraform.evaluation import Undecided, failed, first_undecided, undecided

Number = int | float
_PRECISE = Context(prec=150)
_MAX_BITS = 1024


def _remainder(a: Decimal, b: Decimal) -> Decimal:
    return _PRECISE.remainder(a, b)


_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _PRECISE.add,
    "-": _PRECISE.subtract,
    "*": _PRECISE.multiply,
    "/": _PRECISE.divide,
    "%": _remainder,
}
_ORDER: dict[str, Callable[[Number, Number], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
BINARY = frozenset({"==", "!=", "&&", "||", *_ARITHMETIC, *_ORDER})


def binary(sign: str, a: Value, b: Value, place: Place) -> Value:
    """`a sign b`."""
    if sign in ("==", "!="):
        truth = equal(a, b)
        return decided(truth if sign == "==" else ~truth, place)
    if sign in ("&&", "||"):
        return _logical(sign, a, b, place)
    cause = first_undecided((a, b))
    if cause is not None:
        return undecided(cause, place)
    x, y = as_number(a.content), as_number(b.content)
    if x is None or y is None:
        return failed(f"{sign} needs numbers", place)
    if sign in _ORDER:
        return known(_ORDER[sign](x, y), place)
    return _calculated(sign, x, y, place)


def _calculated(sign: str, x: Number, y: Number, place: Place) -> Value:
    if sign in "/%" and y == 0:
        return failed("division by zero", place)
    try:
        result = whole(_ARITHMETIC[sign](_decimal(x), _decimal(y)))
    except InvalidOperation:
        result = None
    return unknown("the number is too large", place) if result is None else known(result, place)


def _decimal(number: Number) -> Decimal:
    if isinstance(number, int) and number.bit_length() > _MAX_BITS:
        raise InvalidOperation
    return Decimal(number) if isinstance(number, int) else Decimal(repr(number))


def _logical(sign: str, a: Value, b: Value, place: Place) -> Value:
    truths = []
    for side in (a, b):
        if side.state is State.UNKNOWN:
            truths.append(Truth(None, (side,)))
            continue
        answer = as_bool(side.content)
        if answer is None:
            return failed(f"{sign} needs true or false", place)
        truths.append(Truth(answer, (side,)))
    return decided(truths[0] & truths[1] if sign == "&&" else truths[0] | truths[1], place)


def unary(sign: str, value: Value, place: Place) -> Value:
    """`!value` or `-value`."""
    if value.state is State.UNKNOWN:
        return undecided(value, place)
    if sign == "!":
        answer = as_bool(value.content)
        return failed("! needs true or false", place) if answer is None else known(not answer, place)
    number = as_number(value.content)
    return failed("- needs a number", place) if number is None else known(-number, place)


def decided(truth: Truth, place: Place) -> Value:
    """A truth as the value of an expression."""
    if truth.answer is not None:
        return known(truth.answer, place)
    cause = first_undecided(truth.because)
    return unknown("an operand is unknown", place) if cause is None else undecided(cause, place)


def equal(a: Value, b: Value) -> Truth:
    """Whether two values are equal, of the same type throughout."""
    if a.state is State.ABSENT or b.state is State.ABSENT:
        if a.state is b.state:
            return Truth(True, (a, b))
        other = b if a.state is State.ABSENT else a
        if other.state is State.UNKNOWN and not other.content:
            return Truth(None, (other,))
        return Truth(False, (a, b))
    if a.state is State.KNOWN and isinstance(a.content, str | bool | int | float):
        return b.equals(a.content)
    if b.state is State.KNOWN and isinstance(b.content, str | bool | int | float):
        return a.equals(b.content)
    if a.state is State.KNOWN is b.state and isinstance(a.content, Body) is not isinstance(b.content, Body):
        return Truth(False, (a, b))
    try:
        return Truth(_alike(plain(a), plain(b)), (a, b))
    except Undecided as error:
        return Truth(None, (error.value,))


def _alike(a: object, b: object) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(v, b[k]) for k, v in a.items())
    return same(a, b)
