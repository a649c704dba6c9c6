"""A module per output form. A form is a module here with `render`; nothing registers it, its name is the module's."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Protocol

import msgspec

from garrison.findings.result import Result

# Controls of a terminal that JSON allows in a text: C1, and marks that reorder what stands beside them.
_CONTROLS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How much is shown, and on what. Forms for machines always say everything."""

    everything: bool = False  # every finding, not only what to mend first
    unknown: bool = False  # what could not be decided
    colour: bool = False
    width: int = 100  # characters of a line
    seconds: float | None = None  # how long it took; None where output is to be the same every time
    paths: tuple[str, ...] = (".",)  # as they were named on the command line
    time_ms: int = 0  # when it was scanned, in milliseconds since 1970, for events
    dated: bool = False  # whether forms for people tell it too


class Form(Protocol):
    """What a module of this package is. One that shows the layers of defence says `TELLS_DEFENCES = True`."""

    def render(self, result: Result, view: View) -> Iterator[str]:
        """The report in pieces, the last with a line feed at its end; nothing where there is nothing to say."""
        ...


def json_text(data: Any) -> str:
    """Data as JSON that does nothing to the terminal it is printed on."""
    text = msgspec.json.encode(data).decode()
    return text if text.isascii() else _CONTROLS.sub(lambda m: f"\\u{ord(m[0]):04x}", text)


@cache
def form_names() -> tuple[str, ...]:
    """The names of all forms."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__)))


def form(name: str) -> Form:
    """A form by its name."""
    module: Form = importlib.import_module(f"{__name__}.{name}")
    return module


def tells_defences(name: str) -> bool:
    """Whether a form shows the layers of defence, which cost something to work out."""
    tells: bool = getattr(form(name), "TELLS_DEFENCES", False)
    return tells
