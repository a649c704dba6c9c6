"""Bad gateway files and policies: always an answer within limits, with file and line, and all else still reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Scan = Callable[..., Any]
HEAD = "[listener.public]\naddress = '0.0.0.0:80'\n[upstream.a]\nurl = 'http://a:80'\n"
SIZE = 900_000


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (HEAD + "a = = 1\n", 5, "is not TOML"),
        (HEAD + "a = [", 5, "is not TOML"),
        ((HEAD + "# é").encode("latin1"), 5, "not UTF-8"),
        (HEAD + "a" + ".a" * SIZE + " = 1\n", 5, "nested deeper"),
        (HEAD + "a = " + "[" * SIZE, 1, "nested deeper"),
        (HEAD + "# " + "x" * 10_000_000, 1, "too large"),
    ],
    ids=["wrong", "open", "latin", "dots", "brackets", "large"],
)
def test_what_cannot_be_read_is_a_problem_with_its_line(
    content: str | bytes, line: int, words: str, scan_with: Scan
) -> None:
    answer = scan_with({"a/gateway.toml": content})
    problem = answer.problem("a/gateway.toml")
    assert (problem["line"], words in problem["message"]) == (line, True), problem


REPEATED = {
    "a/gateway.toml": HEAD + "".join(f"[model.m{n}]\nupstream = 'a'\n" for n in range(SIZE // 30)),
    "b/gateway.toml": HEAD + "a = [" + "{b = [1, [2]]}, " * (SIZE // 16) + "]\n",
    "c/gateway.toml": HEAD + "x = '''" + "'' [x] " * (SIZE // 7) + "'''\n",
    "d/a.cedar": '"' * SIZE,
    "e/a.cedar": "permit (principal, action, resource);" * (SIZE // 40),
    "f/a.cedar": "@id(" * (SIZE // 4) + ";",
    "g/a.cedar": "/" * SIZE + ";",
}


def test_much_of_everything_is_read_within_limits(scan_with: Scan) -> None:
    answer = scan_with(REPEATED)
    assert ("gateway-listener-plain", "a:gateway.toml/listeners[public]") in answer.failed()
    assert "policies are judged" in answer.problem("e/a.cedar")["message"]
