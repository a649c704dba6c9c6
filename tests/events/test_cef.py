"""What is written as CEF is read again as it was, by a reader that knows the standard only."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.events.cef import Header, address, cef, labelled
from garrison.events.event import Severity

HEADER = Header(product="watch", version="0.1.0", event_class="secret-read", name="Secrets", severity=Severity.HIGH)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=60)


def read(line: str) -> tuple[list[str], dict[str, str]]:
    """Header and extension, with what is escaped as it was."""
    *header, extension = split(line)
    keys = list(re.finditer(r"(?:^| )([A-Za-z0-9_.]+)=", re.sub(r"\\.", "..", extension)))
    pairs = {}
    for place, key in enumerate(keys):
        end = keys[place + 1].start() if place + 1 < len(keys) else len(extension)
        pairs[key[1]] = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), extension[key.end() : end])
    return header, pairs


def split(line: str) -> list[str]:
    fields, at = [""], 0
    while at < len(line) and len(fields) <= 7:
        if line[at] == "\\":
            fields[-1] += line[at + 1]
            at += 2
        elif line[at] == "|":
            fields.append("")
            at += 1
        else:
            fields[-1] += line[at]
            at += 1
        if len(fields) == 8:
            fields[-1] = line[at:]
            break
    return fields


def test_an_event() -> None:
    line = cef(HEADER, [("suser", "batch"), ("cnt", 3), ("msg", ""), *labelled("cs1", "tags", "a=b|c\\d\ne")])
    assert line == (
        "CEF:0|Garrison|watch|0.1.0|secret-read|Secrets|8|suser=batch cnt=3 cs1Label=tags cs1=a\\=b|c\\\\d\\ne"
    )


@given(TEXT, TEXT, TEXT)
def test_what_is_written_is_read_again(name: str, user: str, message: str) -> None:
    header = Header(product="w|a", version="1\\", event_class="x=y", name=name, severity=Severity.LOW)
    told, pairs = read(cef(header, [("suser", user), ("msg", message), ("cnt", 1)]))
    assert told == ["CEF:0", "Garrison", "w|a", "1\\", "x=y", name, "3"]
    assert {"suser": user, "msg": message, "cnt": "1"} == {"suser": "", "msg": ""} | pairs


@given(st.text(max_size=60))
def test_an_event_is_one_line_without_controls(text: str) -> None:
    line = cef(Header(product=text, version=text, event_class=text, name=text, severity=Severity.LOW), [("msg", text)])
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", line)
    line.encode()


def test_fields_are_no_longer_than_the_standard_allows() -> None:
    _, pairs = read(cef(HEADER, [("externalId", "x" * 99), ("msg", "=" * 2000), ("cs1", "y" * 5000)]))
    assert [len(pairs[key]) for key in ("externalId", "msg", "cs1")] == [40, 1023, 4000]


def test_addresses_stand_under_the_key_of_their_kind() -> None:
    assert address("src", "192.0.2.1") == [("src", "192.0.2.1")]
    assert address("dst", "2001:db8::1") == [("c6a3Label", "Destination IPv6 Address"), ("c6a3", "2001:db8::1")]
    assert address("src", "AWS Internal") == []


def test_a_key_that_is_none_is_a_defect() -> None:
    with pytest.raises(AssertionError, match="no key"):
        cef(HEADER, [("a b", "c")])
