"""Filters become conditions with parameters; what is wrong in one is pointed at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from garrison.errors import UsageError
from garrison.watch.store.filter import parse


def test_a_filter_is_a_condition_with_parameters() -> None:
    found = parse('actor_user=ann,"bob b" api_operation~Delete status=failure -src_ip=10.0.0.0/8 "any text"')
    assert found.sql == snapshot(
        "((actor_user = {f0:String} OR actor_user = {f1:String}) AND positionCaseInsensitive(api_operation, {f2:String}) > 0 AND status_id = {f3:Int64} AND NOT ((isIPv4String(src_ip) OR isIPv6String(src_ip)) AND isIPAddressInRange(if((isIPv4String(src_ip) OR isIPv6String(src_ip)), CAST(src_ip AS String), '::'), {f4:String})) AND (positionCaseInsensitive(message, {f5:String}) > 0 OR positionCaseInsensitive(raw, {f5:String}) > 0))"
    )
    assert found.parameters == snapshot(
        {"f0": "ann", "f1": "bob b", "f2": "Delete", "f3": 2, "f4": "10.0.0.0/8", "f5": "any text"}
    )


def test_or_binds_less_than_side_by_side() -> None:
    assert parse("host=a host=b or (host=c and not host!=d)").sql == snapshot(
        "((host = {f0:String} AND host = {f1:String}) OR (host = {f2:String} AND NOT NOT host = {f3:String}))"
    )


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("actor_usr=ann", "no field is called actor_usr", 1),
        ("host=a status=bad", "bad is no value of status", 15),
        ("(host=a", "never closed", 1),
        ("host=a )", "never opened", 8),
        ('host=a "b', "quotation mark has no other", 8),
        ("host=", "a value is missing", 6),
        ("pid~3", "pid is a number", 1),
        ("host=a or", "something is missing", 10),
        ("-" * 100 + "a", "nested too deep", 51),
        ("time>noon", "noon is no time", 6),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, message: str, column: int) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse(text)
    assert f"(column {column})" in caught.value.message
    assert caught.value.hint.split("\n")[1].index("^") == column + 1


@given(st.text(max_size=60))
def test_no_text_breaks_it_or_becomes_sql(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    found = parse(f"host={quoted}")
    assert found.sql in ("host = {f0:String}", "host ILIKE {f0:String}")
    if "*" not in text:
        assert found.parameters == {"f0": text}
    try:
        parse(text)
    except UsageError as error:
        assert "column" in error.message  # noqa: PT017 - either is right
