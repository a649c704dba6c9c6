"""In which content types and encodings a body can be checked."""

from __future__ import annotations

import pytest

from garrison.gateway.validation import prelude
from garrison.gateway.validation.carriers import carried, carriers

from .conftest import Run


@pytest.mark.parametrize(
    ("kind", "content_type", "encoding", "fine"),
    [
        ("json", b"application/json", None, True),
        ("json", b"Application/JSON; charset=UTF-8", b"identity", True),
        ("json", b'application/json;charset="utf-8"', None, True),
        ("json", b"application/json; profile=x", None, True),
        ("json", b"application/json; charset=utf-16", None, False),
        ("json", b"application/json; charset=utf-8; charset=utf-7", None, False),
        ("json", b"application/json, text/plain", None, False),
        ("json", b"application/json; charset", None, False),
        ("json", b"application/jsonp", None, False),
        ("json", b"text/plain", None, False),
        ("json", b"multipart/form-data; boundary=x", None, False),
        ("json", b"application/octet-stream", None, False),
        ("json", b"application/json", b"gzip", False),
        ("json", b"application/json", b"GZIP", False),
        ("json", b"application/json", b"identity, gzip", False),
        ("json", b"application/json", b"br", False),
        ("json", None, None, False),
        ("json", b"", None, False),
        ("tensors", None, None, True),
        ("tensors", b"application/octet-stream", None, True),
        ("tensors", b"application/json", b"deflate", False),
        ("tensors", b"application/grpc", None, False),
    ],
)
def test_only_forms_that_can_be_read_are_taken(
    run: Run, kind: str, content_type: bytes | None, encoding: bytes | None, fine: bool
) -> None:
    asks = run(f"{prelude()}return {carried(carriers()[kind])}")
    answer = asks(content_type, encoding)
    assert (answer is True or answer[0]) is fine
    assert fine or answer[1].startswith((b"the content type: expected", b"the content encoding: expected"))


def test_kinds_of_bodies_that_hide_what_they_say_are_not_there() -> None:
    assert set(carriers()) == {"json", "tensors"}
    assert carriers()["tensors"].json_length == "inference-header-content-length"
