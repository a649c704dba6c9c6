"""The JSON Schema of the watch file, for editors: made from the form, which has as many inputs as there are modules of them."""

from __future__ import annotations

from typing import Any

import msgspec

from garrison.watch.file.form import Watch


def schema() -> dict[str, Any]:
    """The schema as the form has it (JSON Schema 2020-12)."""
    made = msgspec.json.schema(Watch)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Garrison's watch file", **made}


def text() -> str:
    """The schema as it is printed."""
    return msgspec.json.format(msgspec.json.encode(schema(), order="sorted"), indent=2).decode() + "\n"
