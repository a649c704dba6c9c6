"""The file around the data: style and script stand in it, and nothing else may run or be loaded."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from garrison import __version__
from garrison.report import json_text

ASSETS = Path(__file__).with_name("assets")
# In the order in which they are run; they share one function's scope.
SCRIPTS = ("dom", "model", "code", "findings", "overview", "layout", "graph", "paths", "controls", "coverage", "main")
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def pieces(data: dict[str, Any]) -> Iterator[str]:
    """The pieces of the file, a key of the data in each."""
    style, script = _text("style.css"), _script()
    values = {"policy": _policy(style, script), "version": __version__, "style": style, "script": script}
    # Odd pieces are names of what stands there.
    for number, piece in enumerate(_PLACE.split(_text("page.html"))):
        if number % 2 == 0:
            yield piece
        elif piece == "data":
            yield from _json(data)
        else:
            yield values[piece]


def _text(name: str) -> str:
    return (ASSETS / name).read_text("utf8")


def _script() -> str:
    parts = "\n".join(_text(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def _policy(style: str, script: str) -> str:
    """Only this style and this script, and no text becomes markup (CSP Level 3; Trusted Types)."""
    rules = {
        "default-src": "'none'",
        "style-src": _digest(style),
        "script-src": _digest(script),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _json(data: dict[str, Any]) -> Iterator[str]:
    before = "{"
    for key, value in data.items():
        yield f'{before}\n"{key}":{_inert(json_text(value))}'
        before = ","
    yield "\n}"


def _inert(text: str) -> str:
    """JSON that can stand in a script element: no tag, comment or line end is seen in it (HTML, section 4.12.1.3)."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
