"""Runs of numbers and the beginnings of strings are read many bytes at a time: the verdict is that of reading them one by one."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lupa import luajit21

from garrison.gateway.validation import lua, prelude, tensor_validator
from garrison.gateway.validation.tensors import Datatype, Tensor, Tensors

ITEMS: list[dict[str, Any]] = [
    {"type": "number"},
    {"type": "integer"},
    {"type": "number", "minimum": -1000, "maximum": 1000},
    {"type": "number", "exclusiveMinimum": -10, "exclusiveMaximum": 10},
    {"type": "number", "minimum": 0, "maximum": 1},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
    {"type": "number", "minimum": -0.5, "maximum": 99.5},
    {"type": "integer", "minimum": 0, "maximum": 255},
    {"type": "number", "minimum": 5, "maximum": 500},
    {"type": "number", "multipleOf": 0.5},
    {"type": "number", "minimum": -1e300, "maximum": 1e300},
]
_LUA = luajit21.LuaRuntime(encoding=None, unpack_returned_tuples=True)
CHECKS = [_LUA.execute(lua({"type": "array", "items": item}).encode())[b"validate"] for item in ITEMS]
STRING = _LUA.execute(lua({"type": "array", "items": {"type": "string"}}).encode())[b"validate"]
PLAIN = b"[-3.5233, 6.98,30,0.5 ,\n0, -0.25, 12.5, 999, 7, -10, 255.0, 100.001]"
TOKENS = [
    "0",
    "-0",
    "7",
    "-7",
    "10",
    "99",
    "255",
    "256",
    "1000",
    "1000.0",
    "1000.1",
    "-1000",
    "0.5",
    "-0.5",
    "1.25",
    "9.999999",
]
ODD = [
    *(
        "01",
        "-",
        "1.",
        ".5",
        "1..2",
        "1.2.3",
        "--1",
        "1 2",
        "00",
        "-01",
        "1e2",
        "1E-2",
        "1e",
        "+1",
        "true",
        "",
        "x",
        "1-",
        "0-1",
    ),
    *(
        "123456789012345",
        "1234567890123456",
        "0.12345678901234567890",
        "0.123456789012345678901",
        "0." + "0" * 30 + "1",
    ),
    "9" * 40,
]
SPACES = ["", " ", "  ", "\n", "\t ", "\r\n    "]


def fits(item: dict[str, Any], text: bytes) -> bool:
    """As JSON, with numbers as the decimals that are written."""
    try:
        found = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=lambda _: None)
    except ValueError:
        return False
    return isinstance(found, list) and all(isinstance(v, Decimal) and _held(v) and _within(item, v) for v in found)


def _held(v: Decimal) -> bool:
    """Whether a double holds it, and tells it from zero."""
    return math.isfinite(float(v)) and bool(v) == bool(float(v))


def _within(item: dict[str, Any], said: Decimal) -> bool:
    v = Fraction(said)
    bounds = {key: Fraction(str(value)) for key, value in item.items() if key != "type"}
    return all(
        (
            item["type"] != "integer" or v.denominator == 1,
            v >= bounds.get("minimum", v),
            v <= bounds.get("maximum", v),
            "exclusiveMinimum" not in bounds or v > bounds["exclusiveMinimum"],
            "exclusiveMaximum" not in bounds or v < bounds["exclusiveMaximum"],
            "multipleOf" not in bounds or (v / bounds["multipleOf"]).denominator == 1,
        )
    )


@pytest.mark.parametrize("item", range(len(ITEMS)), ids=str)
@pytest.mark.parametrize("before", [b"", b" ", b"  ", b"   "])
def test_a_byte_that_is_changed_is_seen_wherever_it_stands(item: int, before: bytes) -> None:
    for at in range(len(PLAIN)):
        for byte in b'019-., \n]e+x\x00\xff"':
            text = before + PLAIN[:at] + bytes([byte]) + PLAIN[at + 1 :]
            assert (CHECKS[item](text) is True) == fits(ITEMS[item], text), text


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(TOKENS), st.sampled_from(SPACES), st.sampled_from(SPACES)), max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(ODD)), max_size=2),
    st.integers(0, len(ITEMS) - 1),
)
def test_numbers_in_a_row_are_judged_one_by_one(
    plain: list[tuple[str, str, str]], odd: list[tuple[int, str]], item: int
) -> None:
    told = [a + token + b for token, a, b in plain]
    for at, token in odd:
        told.insert(at, token)
    text = f"[{','.join(told)}]".encode()
    assert (CHECKS[item](text) is True) == fits(ITEMS[item], text)


# Rows so long that two stretches of them are read side by side, with numbers of different widths, so that they meet in all ways.
LONG = {
    f"{len(numbers)} of {len(', '.join(numbers))} bytes": numbers
    for numbers in (
        ["7"],
        ["-1.25"],
        ["0.1234"],
        ["12", "-3.5", "999.5", "0", "-0.25", "6.9801"],
        ["1.5", "-0.12345678901234567", "3"],
    )
}


@pytest.mark.parametrize("numbers", LONG.values(), ids=list(LONG))
@pytest.mark.parametrize("comma", [",", ", ", " ,\n"], ids=ascii)
def test_long_rows_are_read_to_the_last_byte_and_counted(numbers: list[str], comma: str) -> None:
    row = (numbers * 5000)[: 9000 // len(comma.join(numbers)) * len(numbers)]
    text = f"[{comma.join(row)}]".encode()
    assert CHECKS[2](text) is True
    for at in range(1, len(text) - 1):
        assert CHECKS[2](text[:at] + b"x" + text[at + 1 :]) is not True, at
    for at in range(0, len(row), 17):
        wrong = f"[{comma.join([*row[:at], '1000.5', *row[at + 1 :]])}]".encode()
        assert CHECKS[2](wrong) == (False, f"/{at}: expected at most 1000".encode())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_bytes_that_are_changed_in_long_rows_are_seen(data: st.DataObject) -> None:
    text = bytearray(b"[" + b", ".join([PLAIN[1:-1]] * (9000 // len(PLAIN))) + b"]")
    for at in data.draw(st.lists(st.integers(1, len(text) - 2), min_size=1, max_size=2)):
        text[at] = data.draw(st.sampled_from(b'019-., \n]e+x\x00\xff"'))
    item = data.draw(st.integers(0, len(ITEMS) - 1))
    assert (CHECKS[item](bytes(text)) is True) == fits(ITEMS[item], bytes(text))


def test_what_is_wrong_is_told_by_its_place() -> None:
    many = ", ".join(["1.5"] * 100)
    assert CHECKS[2](f"[{many}, 1000.5, {many}]".encode()) == (False, b"/100: expected at most 1000")
    assert CHECKS[1](f"[{many}]".encode()) == (False, b"/0: expected an integer")
    assert CHECKS[0](f"[{many}, ]".encode()) == (False, b"/100: expected a number")
    assert CHECKS[0](f"[{many}".encode()) == (False, b"the body: expected , or ]")


def test_the_number_of_items_counts_those_that_are_skipped() -> None:
    check = _LUA.execute(lua({"items": {"type": "number"}, "minItems": 40, "maxItems": 50}).encode())[b"validate"]
    found = {n: check(f"[{', '.join(['1.5'] * n)}]".encode()) is True for n in (39, 40, 50, 51, 200)}
    assert found == {39: False, 40: True, 50: True, 51: False, 200: False}


def test_rows_are_held_to_what_a_tensor_declares() -> None:
    declared = Tensors(inputs=(Tensor(name="x", datatype=Datatype.INT32, shape=(-1,), minimum=0, maximum=99),))
    check = _LUA.execute(f"{prelude()}return {tensor_validator(declared, schema={'type': 'object'})}".encode())

    def said(data: str) -> bool:
        count = data.count(",") + 1
        body = f'{{"inputs":[{{"name":"x","shape":[{count}],"datatype":"INT32","data":[{data}]}}]}}'
        return check(body.encode(), None) is True

    row = ", ".join(["7", "42", "0"] * 20)
    assert said(row)
    assert said(f"{row}, 1.0, {row}")
    assert not said(f"{row}, 1.5, {row}")
    assert not said(f"{row}, 100, {row}")
    assert not said(f"{row}, -1, {row}")


def test_each_byte_of_a_string_is_looked_at() -> None:
    for length in (1, 7, 8, 9, 15, 16, 17, 30):
        for at in range(length):
            for byte in range(256):
                inner = b"a" * at + bytes([byte]) + b"a" * (length - at - 1)
                text = b'["' + inner + b'", "behind it there is enough more"]'
                try:
                    valid = all(isinstance(v, str) for v in json.loads(text.decode()))
                except ValueError:
                    valid = False
                assert (STRING(text) is True) == valid, text
