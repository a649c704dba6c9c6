"""What a decision needs of an OpenAI-compatible body, and bodies that would say it twice."""

from __future__ import annotations

import pytest

from garrison.gateway.validation import completion_validator, prelude

from .conftest import Run


def read(run: Run, body: bytes, schema: object = None) -> object:
    """The facts of a body, or the message of its refusal."""
    fine, found = run(f"{prelude()}return {completion_validator(schema=schema)}")(body)
    return {k.decode(): v for k, v in found.items()} if fine else found.decode()


def test_the_model_and_what_it_costs_are_read(run: Run) -> None:
    body = b'{"messages":[{"role":"user","content":"{\\"model\\":1}"}],"mod\\u0065l":"a/b","stream":true,"max_tokens":7,"n":2}'
    assert read(run, body) == {"model": b"a/b", "stream": True, "max_tokens": 7, "n": 2}
    assert read(run, b'{"model":"m","stream":null,"max_tokens":null}') == {"model": b"m", "stream": False}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"model":"a","model":"b"}', "/model: expected each key once"),
        (b'{"model":"a","\\u006dodel":"b"}', "/model: expected each key once"),
        (b'{"x":{"model":"a"}}', 'the body: expected the property "model"'),
        (b'[{"model":"a"}]', "the body: expected an object"),
        (b'{"model":["a"]}', "/model: expected a string"),
        (b'{"model":""}', "/model: expected from 1 to 256 bytes"),
        (b'{"model":"a","stream":"yes"}', "/stream: expected true or false"),
        (b'{"model":"a","max_tokens":-1}', "/max_tokens: expected a whole number from 0 on"),
        (b'{"model":"a","max_tokens":1e300}', "/max_tokens: expected a whole number from 0 on"),
        (b'{"model":"a",}', "the body: expected a key in quotes"),
        (b'{"model":"a"} x', "the body: expected nothing after the value"),
        (b'{"model":"a","x":{"k":1,"k":2}}', "/x/k: expected each key once"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(run: Run, body: bytes, message: str) -> None:
    assert read(run, body) == message


def test_a_schema_is_held_against_the_body_too(run: Run) -> None:
    schema = {"properties": {"messages": {"maxItems": 1}, "max_tokens": {"maximum": 100}}, "required": ["messages"]}
    assert read(run, b'{"model":"a","messages":[1]}', schema) == {"model": b"a"}
    assert read(run, b'{"model":"a","messages":[1,2]}', schema) == "/messages: expected at most 1 items"
    assert read(run, b'{"model":"a","messages":[],"max_tokens":101}', schema) == "/max_tokens: expected at most 100"
