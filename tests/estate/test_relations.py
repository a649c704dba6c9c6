"""Which references a value carries."""

from __future__ import annotations

import pytest

from garrison.estate.relations import refs
from garrison.estate.values import State, Value, absent, known, referred, unknown

A, B = referred("r:a.x", "arn", None), referred("r:b.x", "id", None)


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        (A, ["r:a.x"]),
        (known((A, known("plain"), B)), ["r:a.x", "r:b.x"]),
        (unknown("a hole", parts=(known("prefix/"), A)), ["r:a.x"]),
        (Value(State.KNOWN, (A,), rest=B), ["r:a.x", "r:b.x"]),
        (known("plain"), []),
        (unknown("var.x"), []),
        (absent(), []),
    ],
)
def test_references_are_found_wherever_they_stand(value: Value, addresses: list[str]) -> None:
    assert sorted(ref.address for ref, _ in refs(value)) == addresses
