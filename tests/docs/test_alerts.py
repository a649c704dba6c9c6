"""What the page on alerts says of the watch file is read as it is said."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from garrison.watch.responses.response import any_response
from garrison.watch.routes.route import any_route
from garrison.watch.tell import Telling
from garrison.watch.tell.tell import hold

PAGE = (Path(__file__).parents[2] / "docs/alerts.md").read_text("utf8")


def test_the_sections_on_the_page_are_read() -> None:
    said: dict[str, list[Any]] = {"route": [], "response": []}
    for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL):
        for key, tables in tomllib.loads(block).items():
            said[key] += tables
    routes = msgspec.convert(said["route"], list[any_route()])  # type: ignore[misc]
    responses = msgspec.convert(said["response"], list[any_response()])  # type: ignore[misc]
    hold(Telling(routes=tuple(routes), responses=tuple(responses)))
    assert [route.name for route in routes] == ["team", "daily", "siem", "pager"]
    assert [(response.name, response.approve) for response in responses] == [
        ("revoke", "always"),
        ("slow-down", "never"),
        ("isolate", "always"),
    ]
