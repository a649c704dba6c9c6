"""The JSON Schema of the gateway file, for editors: `gateway.schema.json` beside this module, made from the form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from garrison.gateway.file.form import Gateway

SHIPPED = Path(__file__).with_name("gateway.schema.json")


def schema() -> dict[str, Any]:
    """The schema as the form has it (JSON Schema 2020-12)."""
    made = msgspec.json.schema(Gateway)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Garrison's gateway file", **made}


def text() -> str:
    """The schema as it is shipped."""
    return msgspec.json.format(msgspec.json.encode(schema(), order="sorted"), indent=2).decode() + "\n"
