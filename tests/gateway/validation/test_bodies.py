"""What every body is held to, whatever its schema, and what its sender is told."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from garrison.gateway.validation import Limits, lua, prelude, validator

from .conftest import Run

DEFAULT = Limits()


def told(run: Run, schema: object, body: bytes | str, limits: Limits = DEFAULT) -> str:
    """The message of a refusal; empty for a body that passes."""
    answer = run(lua(schema, limits=limits))[b"validate"](body.encode() if isinstance(body, str) else body)
    return "" if answer is True else answer[1].decode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"a":1,"a":2}', "/a: expected each key once"),
        (b'{"a":1,"b":2,"\\u0061":3}', "/a: expected each key once"),
        (b'{"x":{"k":1,"l":2,"\\u006c":3}}', "/x/l: expected each key once"),
        (b'[{"\xc3\xa9":1,"\\u00e9":2}]', "/0/*: expected each key once"),
        (b"NaN", "the body: expected no NaN or Infinity"),
        (b"[Infinity]", "/0: expected no NaN or Infinity"),
        (b"[-Infinity]", "/0: expected a number"),
        (b"1e400", "the body: expected a number that a double can hold"),
        (b"-1e99999999999", "the body: expected a number that a double can hold"),
        (b"1" * 400, "the body: expected a number that a double can hold"),
        (b"1e-400", "the body: expected a number that a double tells from zero"),
        (b"0." + b"1" * 1100, "the body: expected a number of at most 1024 characters"),
        (b"01", "the body: expected a number without leading zeros"),
        (b"1.", "the body: expected digits after the point"),
        (b"1e", "the body: expected digits in the exponent"),
        (b"+1", "the body: expected a value of JSON"),
        (b".5", "the body: expected a value of JSON"),
        (b"\xef\xbb\xbf{}", "the body: expected no byte order mark"),
        (b"{} {}", "the body: expected nothing after the value"),
        (b"{}\x00", "the body: expected nothing after the value"),
        (b"", "the body: expected a value of JSON"),
        (b"   ", "the body: expected a value of JSON"),
        (b'"\xff"', "the body: expected UTF-8"),
        (b'"\xc0\x80"', "the body: expected UTF-8"),
        (b'"\xed\xa0\x80"', "the body: expected UTF-8"),
        (b'"\xf4\x90\x80\x80"', "the body: expected UTF-8"),
        (b'"\xe2\x82', "the body: expected UTF-8"),
        (b'"\\ud800"', "the body: expected both halves of a surrogate pair"),
        (b'"\\udc00"', "the body: expected both halves of a surrogate pair"),
        (b'"\\ud800\\u0041"', "the body: expected both halves of a surrogate pair"),
        (b'"\\u12g4"', "the body: expected four hexadecimal digits after \\u"),
        (b'"\\x41"', "the body: expected an escape of JSON"),
        (b'"a\nb"', "the body: expected no control character in a string"),
        (b'"abc', "the body: expected no control character in a string"),
        (b"[1,]", "/1: expected a value of JSON"),
        (b"[1 2]", "the body: expected , or ]"),
        (b'{"a":1,}', "the body: expected a key in quotes"),
        (b'{"a" 1}', "the body: expected :"),
        (b"{a:1}", "the body: expected a key in quotes"),
        (b"// c\n1", "the body: expected a value of JSON"),
        (b"tru", "the body: expected a value of JSON"),
        (b"nullx", "the body: expected nothing after the value"),
        (b"[" * 65 + b"]" * 65, "/0" * 64 + ": expected less nesting"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "/a" * 64 + ": expected less nesting"),
    ],
)
@pytest.mark.parametrize(
    "schema", [True, {"items": {"items": {}}, "properties": {"a": {"maxLength": 9}}}], ids=["any", "own"]
)
def test_what_is_no_strict_json_is_refused(run: Run, schema: object, body: bytes, message: str) -> None:
    assert told(run, schema, body) in (message, message.replace("/a" * 64, "/a" * 63 + "/a"))


@pytest.mark.parametrize(
    "body",
    [
        b' \t\r\n{ "a" : [ 1 , true , null , false , -0.0 , 1E+2 ] } ',
        b'"\\ud83d\\ude00 \\u00e9 \\/ \\b"',
        '"\U0001f600\x7f"'.encode(),
        b"[" * 64 + b"]" * 64,
        b"0e99999999999",
        b"1.7976931348623157e308",
        b"5e-324",
        b'{"":0}',
    ],
)
def test_what_is_strict_json_passes(run: Run, body: bytes) -> None:
    assert told(run, True, body) == ""


def test_size_and_depth_are_limited(run: Run) -> None:
    limits = Limits(size_bytes=10, depth=2)
    assert told(run, True, b'["567890"]', limits) == ""
    assert told(run, True, b'["5678901"]', limits) == "the body: expected at most 10 bytes"
    assert told(run, True, b"[[1]]", limits) == ""
    assert told(run, {"items": {"items": {"items": {}}}}, b"[[[1]]]", limits) == "/0/0: expected less nesting"


@pytest.mark.parametrize(
    ("schema", "fits", "does_not"),
    [
        ({"maximum": 9007199254740993}, ["9007199254740993", "9007199254740992.9999"], ["9007199254740994", "9007199254740993.0001"]),
        ({"minimum": -9223372036854775808}, ["-9223372036854775808"], ["-9223372036854775809", "-9223372036854775808.5"]),
        ({"exclusiveMinimum": 9007199254740992}, ["9007199254740993"], ["9007199254740992", "9007199254740992.0"]),
        ({"exclusiveMaximum": 0.1}, ["0.09999999999999999999999"], ["0.1", "0.10", "1e-1", "0.1000000000000000000001"]),
        ({"maximum": 0}, ["0", "-0", "-0.0", "-5e-324"], ["0.00000000000000000001", "5e-324"]),
        ({"minimum": 1e300}, ["1e300", "1" + "0" * 300], ["9.99999999999999999e299"]),
        ({"type": "integer"}, ["1", "1.0", "1e2", "120e-1", "9007199254740993", "1.00000000000000000000"], ["1.5", "1e-1", "9007199254740993.5", "1.00000000000000000001"]),
        ({"multipleOf": 0.01}, ["0.07", "19.99", "1e5", "-0.29", "0"], ["0.075", "0.001", "1e-3"]),
        ({"multipleOf": 3}, ["9007199254740993", "3e20"], ["9007199254740992", "1e300"]),
        ({"const": 9007199254740993}, ["9007199254740993", "9007199254740993.0"], ["9007199254740992", "9007199254740994"]),
        ({"enum": [1, 0.1, 1e36]}, ["1.0", "10e-1", "0.1", "1e36"], ["1.0000000000000000001", "0.10000000000000001", "true"]),
        ({"uniqueItems": True}, ["[1,9007199254740992,9007199254740993]", '[0,false,"0",null]'], ["[1,1.0]", "[10,1e1]", '[{"a":1,"b":2},{"b":2,"a":1.0}]', '["a","\\u0061"]']),
    ],
)  # fmt: skip
def test_numbers_are_compared_as_they_are_written(run: Run, schema: Any, fits: list[str], does_not: list[str]) -> None:
    for body in fits:
        assert told(run, schema, body) == "", body
    for body in does_not:
        assert told(run, schema, body) != "", body


@pytest.mark.parametrize(
    ("schema", "body", "message"),
    [
        ({"type": "string"}, "1", "the body: expected a string"),
        ({"type": ["integer", "null"]}, "1.5", "the body: expected an integer"),
        ({"type": ["object", "null"]}, "1", "the body: expected an object or null"),
        ({"nullable": True, "type": "array"}, "1", "the body: expected an array or null"),
        ({"enum": ["FP32", 1, None]}, '"FP64"', 'the body: expected "FP32" or 1 or null'),
        ({"enum": ["x" * 300]}, '"y"', "the body: expected one of the values that the schema lists"),
        ({"const": {"a": 1}}, "{}", "the body: expected one of the values that the schema lists"),
        ({"properties": {"a/b~c": {"items": {"maximum": 5}}}}, '{"a/b~c":[1,2,9]}', "/a~1b~0c/2: expected at most 5"),
        ({"required": ["key"]}, "{}", 'the body: expected the property "key"'),
        ({"properties": {}, "additionalProperties": False}, '{"a":1}', "/a: expected no property of this name"),
        ({"additionalProperties": False}, '{"<script>":1}', "/*: expected no property of this name"),
        ({"additionalProperties": False}, json.dumps({"s" * 65: 1}), "/*: expected no property of this name"),
        ({"additionalProperties": {"type": "null"}}, '{"my secret":1}', "/*: expected null"),
        ({"pattern": "^a+$"}, '"b"', "the body: expected a string that the pattern of the schema is found in"),
        ({"items": {"maxLength": 2}}, '["ab","abc"]', "/1: expected at most 2 characters"),
        ({"minItems": 2}, "[1]", "the body: expected at least 2 items"),
        ({"contains": {"type": "null"}}, "[1]", "the body: expected at least 1 items that fit contains"),
        ({"anyOf": [{"type": "null"}, {"minimum": 3}]}, "1", "the body: expected a value that fits one of the alternatives of anyOf"),
        ({"not": {"type": "null"}}, "null", "the body: expected a value that does not fit the schema under not"),
        ({"dependentRequired": {"a": ["b"]}}, '{"a":1}', 'the body: expected the property "b"'),
        (False, "1", "the body: expected nothing here"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_place_and_what_was_expected(run: Run, schema: object, body: str, message: str) -> None:
    assert told(run, schema, body) == message


def test_more_properties_than_fit_into_bits(run: Run) -> None:
    names = [f"p{n}" for n in range(100)]
    schema = {
        "properties": {name: {"type": "integer"} for name in names},
        "required": names,
        "additionalProperties": False,
    }
    whole = dict.fromkeys(names, 1)
    assert told(run, schema, json.dumps(whole)) == ""
    assert told(run, schema, json.dumps(whole | {"p99": "x"})) == "/p99: expected an integer"
    assert (
        told(run, schema, json.dumps({k: v for k, v in whole.items() if k != "p50"}))
        == 'the body: expected the property "p50"'
    )
    assert told(run, schema, json.dumps(whole)[:-1] + ',"p7":1}') == "/p7: expected each key once"


def test_lengths_are_counted_in_code_points(run: Run) -> None:
    schema = {"minLength": 2, "maxLength": 3}
    for body, fits in (
        ('"é"', False),
        ('"éé"', True),
        ('"😀😀😀"', True),
        ('"\\ud83d\\ude00"', False),
        ('"\\u0061b\\n"', True),
        ('"aaaa"', False),
    ):
        assert (told(run, schema, body) == "") is fits, body


def test_schemas_inside_schemas_do_not_read_a_body_without_end(run: Run) -> None:
    tree = {
        "anyOf": [
            {"required": ["z"]},
            {"properties": {"a": {"$ref": "#"}}, "required": ["y"]},
            {"properties": {"a": {"$ref": "#"}}},
        ]
    }
    body = '{"a":' * 60 + "1" + "}" * 60
    started = time.process_time()
    assert told(run, tree, body) == "the body takes too much work to check"
    assert time.process_time() - started < 1


def test_a_list_of_nested_alternatives_is_no_such_body(run: Run) -> None:
    schema = {
        "$ref": "#/$defs/n",
        "$defs": {"n": {"anyOf": [{"type": "integer"}, {"items": {"$ref": "#/$defs/n"}, "type": "array"}]}},
    }
    assert told(run, schema, "[" * 60 + "1" + "]" * 60) == ""
    assert told(run, schema, json.dumps([[1, [2]]] * 20_000)) == ""


def test_many_validators_share_one_prelude(run: Run) -> None:
    chunk = [prelude(), "local models = {}"]
    chunk += [
        f'models["m{n}"] = {validator({"type": "object", "properties": {"k": {"const": n}}})}' for n in range(300)
    ]
    models = run("\n".join([*chunk, "return models"]))
    assert models[b"m7"](b'{"k":7}') is True
    assert models[b"m8"](b'{"k":7}') == (False, b"/k: expected 8")


def test_a_large_schema_stays_within_the_limits_of_lua(run: Run) -> None:
    schema = {
        "properties": {f"p{n}": {"type": "array", "items": {"enum": [f"v{n}", n]}, "maxItems": n} for n in range(2000)}
    }
    validate = run(lua(schema))[b"validate"]
    assert validate(b'{"p1999":["v1999",1999]}') is True
    assert validate(b'{"p1999":["v1"]}')[0] is False


def test_a_message_is_quoted_for_json(run: Run) -> None:
    quote = run(f"{prelude()}return garrison.json.quote")
    said = 'expected "é"\n\\ \x7f'
    assert json.loads(quote(said.encode())) == said
