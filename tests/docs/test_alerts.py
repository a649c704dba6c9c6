"""What the page on alerts says of the watch file is read as it is said."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from garrison.gateway.certificates.authority import make
from garrison.watch.responses.response import any_response
from garrison.watch.routes.route import any_route
from garrison.watch.tell import Telling
from garrison.watch.tell.tell import faults, hold

PAGE = (Path(__file__).parents[2] / "docs/alerts.md").read_text("utf8")


def test_the_sections_on_the_page_are_read(tmp_path: Path) -> None:
    said: dict[str, Any] = {"route": [], "response": []}
    for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL):
        for key, tables in tomllib.loads(block).items():
            said[key] = said[key] + tables if key in said else tables
    routes = msgspec.convert(said["route"], list[any_route()])  # type: ignore[misc]
    responses = msgspec.convert(said["response"], list[any_response()])  # type: ignore[misc]
    for name, text in (("slack", "https://hooks.acme.example/T0"), ("mail", "p"), ("pager", f"whsec_{'c2' * 20}")):
        path = tmp_path / "secrets" / name
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
    make(tmp_path / "certs", [], [])
    (tmp_path / "certs/ca.pem").rename(tmp_path / "certs/siem-ca.pem")
    telling = Telling(routes=tuple(routes), responses=tuple(responses), findings=said["watch"]["findings"])
    hold(telling)
    for name in ("gateway/state/keys.db", "gateway/gateway.toml", "scan.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"findings": []}')
    (fault,) = faults(telling, lambda name: tmp_path / name)  # the page names a program of the reader's
    assert "there is no program /usr/local/bin/isolate-host" in fault
    assert telling.findings == "scan.json"
    assert [route.name for route in routes] == ["team", "daily", "siem", "pager"]
    assert [(response.name, response.approve) for response in responses] == [
        ("revoke", "always"),
        ("slow-down", "never"),
        ("isolate", "always"),
    ]
