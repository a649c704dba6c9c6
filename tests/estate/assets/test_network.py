"""What a firewall rule lets in, in every spelling of ports and sources."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.assets.network import Rule
from garrison.estate.truth import YES, Truth
from garrison.estate.values import Place, Source, Value, absent, known, referred, unknown

PLACE = Place.at(Source("main.tf", b""), (0, 0), (0, 0))


def said(data: Any) -> Value:
    if isinstance(data, Value):
        return data
    return known(tuple(said(d) for d in data) if isinstance(data, list) else data)


def rule(**fields: Any) -> Rule:
    values: dict[str, Any] = {
        "direction": "ingress", "action": "allow", "protocol": "tcp", "sources": ["0.0.0.0/0"],
        "from_port": absent(), "to_port": absent(), "ports": absent(), **fields,
    }  # fmt: skip
    enabled = values.pop("enabled", YES)
    fields = {name: said(value) for name, value in values.items()}
    return Rule(
        address="r:rule", name=absent(), provider="aws", format="terraform", type="rule", root="r", place=PLACE,
        exists=YES, enabled=enabled, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ports", "port", "allowed"),
    [
        ({"from_port": 22, "to_port": 22}, 22, True),
        ({"from_port": "20", "to_port": "30"}, 22, True),
        ({"from_port": 23, "to_port": 80}, 22, False),
        ({"from_port": 0, "to_port": 65535}, 8265, True),
        ({"ports": ["22"]}, 22, True),
        ({"ports": ["20-30", "443"]}, 22, True),
        ({"ports": ["20-30", "443"]}, 443, True),
        ({"ports": ["20-30", "443"]}, 31, False),
        ({"ports": [8888]}, 8888, True),
        ({"ports": "*"}, 1, True),
        ({"ports": "22:30"}, 25, True),
        ({"ports": "http"}, 80, False),
        ({}, 22, True),
        ({"protocol": "-1", "from_port": 0, "to_port": 0}, 22, True),
        ({"protocol": -1}, 22, True),
        ({"protocol": "*", "ports": "22"}, 80, True),
        ({"protocol": "6", "from_port": 22, "to_port": 22}, 22, True),
        ({"protocol": "Tcp", "ports": "22"}, 22, True),
        ({"protocol": "udp", "from_port": 22, "to_port": 22}, 22, False),
        ({"protocol": "icmp", "from_port": -1, "to_port": -1}, 22, False),
        ({"from_port": unknown("a variable"), "to_port": 22}, 22, None),
        ({"from_port": unknown("a variable"), "to_port": 21}, 22, False),
        ({"ports": [unknown("a variable"), "22"]}, 22, True),
        ({"ports": [unknown("a variable"), "22"]}, 80, None),
        ({"protocol": unknown("a variable"), "from_port": 80, "to_port": 80}, 22, None),
    ],
)
def test_ports(ports: dict[str, Any], port: int, allowed: bool | None) -> None:
    assert rule(**ports).allows_port(port).answer is allowed


@given(st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 65535))
def test_both_spellings_of_a_range_say_the_same(first: int, last: int, port: int) -> None:
    numbers = rule(from_port=first, to_port=last).allows_port(port)
    text = rule(ports=[f"{first}-{last}"]).allows_port(port)
    assert numbers.answer is text.answer is (first <= port <= last)


@pytest.mark.parametrize(
    ("fields", "every"),
    [
        ({"protocol": "all"}, True),
        ({"from_port": 0, "to_port": 65535}, True),
        ({"from_port": 1024, "to_port": 65535}, True),
        ({"ports": ["0-65535"]}, True),
        ({}, True),
        ({"from_port": 30000, "to_port": 32767}, False),
        ({"protocol": "icmp"}, False),
        ({"protocol": "esp"}, False),
    ],
)
def test_every_port(fields: dict[str, Any], every: bool) -> None:
    assert rule(**fields).every_port.answer is every


@pytest.mark.parametrize(
    ("sources", "open_"),
    [
        (["0.0.0.0/0"], True),
        (["::/0"], True),
        (["0.0.0.0/1"], True),
        (["*"], True),
        (["Internet"], True),
        (["10.0.0.0/8", "0.0.0.0/0"], True),
        (["10.0.0.0/8"], False),
        (["203.0.113.7/32"], False),
        (["VirtualNetwork"], False),
        (["2001:db8::/32"], False),
        ([], False),
        ([unknown("a variable")], None),
        ([unknown("a variable"), "0.0.0.0/0"], True),
        ([referred("r:aws_vpc.ml", "cidr_block", None)], False),
        (unknown("a variable"), None),
        (absent(), False),
    ],
)
def test_sources(sources: Any, open_: bool | None) -> None:
    assert rule(sources=sources).open_to_internet.answer is open_


@pytest.mark.parametrize(
    "fields",
    [{"direction": "egress"}, {"action": "deny"}, {"enabled": Truth(False)}],
)
def test_only_a_rule_in_force_that_allows_incoming_traffic_lets_in(fields: dict[str, Any]) -> None:
    assert rule(**fields).open_to_internet.no


def test_evidence_is_what_opens_it() -> None:
    opened = rule(sources=["10.0.0.0/8", "0.0.0.0/0"]).open_to_internet
    assert [v.content for v in opened.because] == ["0.0.0.0/0"]
