"""The form of a check in YAML, and the JSON Schema by which an editor helps to write it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from garrison.checks.cel.syntax import MAX_CHARACTERS
from garrison.checks.check import Confidence, Pillar, Severity
from garrison.estate.assets import kinds
from garrison.sources.interface import formats

ID = r"^[a-z0-9]+(-[a-z0-9]+)+$"
MAPPING = r"^[^\s:]+:\S+$"
_Words = Annotated[str, Meta(min_length=1)]


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One check; a file holds one in each of its documents."""

    id: Annotated[str, Meta(pattern=ID, description="What it is called: acme-bucket-unversioned.")]
    title: Annotated[str, Meta(min_length=1, max_length=100, description="One line: what is wrong.")]
    why: Annotated[_Words, Meta(description="What it means for what you run.")]
    fix: Annotated[_Words, Meta(description="What to do.")]
    severity: Annotated[Severity, Meta(description="How bad it is where it is true.")]
    confidence: Annotated[Confidence, Meta(description="How often it is right when it says fail.")] = Confidence.HIGH
    pillar: Annotated[Pillar, Meta(description="The part of the house it belongs to.")]
    about_ml: Annotated[bool, Meta(description="Whether it is about machine-learning systems.")] = False
    maps: Annotated[
        tuple[Annotated[str, Meta(pattern=MAPPING)], ...],
        Meta(description="Controls it stands for: ATLAS:AML.T0035, or those of a framework of your own, ACME:SEC-7."),
    ] = ()
    kind: Annotated[str, Meta(description="The kind of asset it judges; garrison kinds lists them.")]
    fail: Annotated[
        str,
        Meta(
            min_length=1, max_length=MAX_CHARACTERS, description="When it fails: an expression of CEL over the asset."
        ),
    ]
    message: Annotated[_Words, Meta(description="What is said of an asset that fails: it ...")]
    examples: Annotated[
        dict[str, str],
        Meta(description="What fails and what passes, by the name of a file; examples/<id>/ where none stand here."),
    ] = {}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one document."""
    made = msgspec.json.schema(Form)
    definitions = made["$defs"]
    form = definitions.pop("Form")
    form["properties"]["kind"]["enum"] = sorted(kinds())
    form["properties"]["examples"]["propertyNames"] = {"pattern": example_pattern()}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Check of Garrison"}
    return {**head, **{k: v for k, v in form.items() if k != "title"}, "$defs": definitions}


def example_pattern() -> str:
    """What an example may be called, as a regular expression."""
    endings = "|".join(f.ENDING.replace(".", r"\.") for f in formats() if f.ENDING)
    return rf"^(fail|pass)(\.[\w-]+)?\.({endings})$"
