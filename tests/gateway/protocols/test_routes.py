"""Which requests each protocol's routes take, against a table of requests of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from garrison.errors import ConfigError
from garrison.gateway.protocols.protocol import names, protocol
from garrison.gateway.protocols.route import Body, ModelIn, Route, Streams


class Asked(NamedTuple):
    """One line of a table: the action or `denied`, the model that the path names or `-`, the request."""

    action: str
    model: str
    request: str


def asked(text: str) -> list[Asked]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return [Asked(*line.split(maxsplit=2)) for line in lines]


REQUESTS = {path.stem: asked(path.read_text()) for path in (Path(__file__).parent / "requests").glob("*.txt")}
ALL = [pytest.param(name, row, id=f"{name} {row.request}") for name, rows in REQUESTS.items() for row in rows]


def taken(name: str, request: str) -> Route | None:
    """The route that takes a request, by its regular expression alone."""
    method, path = request.split(" ", 1)
    for route in protocol(name).routes:
        if method in route.methods and re.fullmatch(route.pattern(), path):
            return route
    return None


@pytest.mark.parametrize(("name", "row"), ALL)
def test_every_request_is_one_action_or_denied(name: str, row: Asked) -> None:
    route = taken(name, row.request)
    assert (str(route.action) if route else "denied") == row.action
    if route is None:
        return
    assert (route.model is ModelIn.PATH) is (row.model != "-")
    if route.model is ModelIn.PATH:
        path = row.request.split(" ", 1)[1]
        assert re.fullmatch(route.pattern(row.model), path)
        assert not re.fullmatch(route.pattern("other"), path)


def test_a_line_break_is_no_part_of_a_path() -> None:
    assert taken("open-inference", "POST /v2/models/iris/infer")
    assert not taken("open-inference", "POST /v2/models/iris/infer\n")


def test_every_protocol_has_a_table_that_meets_every_route() -> None:
    assert set(REQUESTS) == set(names())
    for name in names():
        met = {route.path for row in REQUESTS[name] if (route := taken(name, row.request))}
        assert {route.path for route in protocol(name).routes} == met, name


@pytest.mark.parametrize(
    ("name", "model", "why"),
    [
        ("open-inference", "iris", ""),
        ("open-inference", "iris-2.1_b", ""),
        ("open-inference", "stats", "GET /v2/models/stats is something else"),
        (
            "open-inference",
            "../iris",
            "a model is named by letters, digits and ._:/@-, and begins with a letter, a digit or _",
        ),
        (
            "open-inference",
            ".iris",
            "a model is named by letters, digits and ._:/@-, and begins with a letter, a digit or _",
        ),
        ("open-inference", "meta/llama", "a model in a path is named by letters, digits, '.', '_' and '-'"),
        ("open-inference-grpc", "meta/llama", ""),
        (
            "open-inference-grpc",
            "llama\n",
            "a model is named by letters, digits and ._:/@-, and begins with a letter, a digit or _",
        ),
    ],
)
def test_a_name_that_routes_cannot_carry_is_refused(name: str, model: str, why: str) -> None:
    assert protocol(name).unusable(model) == why


def test_a_protocol_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(ConfigError, match="did you mean open-inference"):
        protocol("open-infrence")


@pytest.mark.parametrize("name", names())
def test_the_table_of_a_protocol_holds_together(name: str) -> None:
    told = protocol(name)
    assert told.sources
    for route in told.routes:
        assert set(route.servers) <= set(told.sources), route.path
        assert (route.body is Body.PROTOBUF) is (told.transport == "grpc"), route.path
        assert route.streams is Streams.NEVER or route.body is not Body.NONE, route.path
