"""A check's examples: what fails, what passes, and what lies between them, which is the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

import garrison.checks
from garrison.checks.check import Check
from garrison.sources.interface import Format, formats

FOLDER = Path(garrison.checks.__path__[0], "examples")
_HEAD = re.compile(r"(fail|pass)(?:\.([\w-]+))?")
_CLOUDS = {"gcp": "Google Cloud", "azure": "Azure", "aws": "AWS"}


class Pair(msgspec.Struct, frozen=True):
    """A failing example and the same mended."""

    format: str
    variant: str  # the cloud or case it is about; "" for the first
    language: str  # for highlighting
    label: str
    failing: str
    passing: str


def examples_of(check: Check) -> tuple[Pair, ...]:
    """Every pair of a check, the first of each format before its variants."""
    return tuple(_pairs(_shipped(check.id) if check.examples is None else check.examples))


class Name(msgspec.Struct, frozen=True):
    """What the name of an example says: `fail.gcp.tf` fails, is about Google Cloud, and is Terraform."""

    outcome: str  # fail, pass
    variant: str
    format: Format


def parse_name(name: str) -> Name | None:
    """The parts of a name; None for one that no example may have."""
    for format_ in formats():
        if format_.ENDING and name.endswith(f".{format_.ENDING}"):
            match = _HEAD.fullmatch(name.removesuffix(f".{format_.ENDING}"))
            return Name(match[1], match[2] or "", format_) if match else None
    return None


@cache
def _shipped(check_id: str) -> dict[str, str]:
    folder = FOLDER / check_id
    return {f.name: f.read_text("utf8") for f in sorted(folder.iterdir())} if folder.is_dir() else {}


def _pairs(texts: Mapping[str, str]) -> Iterator[Pair]:
    named = [(said, name) for name in texts if (said := parse_name(name)) is not None and said.outcome == "fail"]
    order = list(formats())
    for said, name in sorted(named, key=lambda n: (order.index(n[0].format), n[0].variant)):
        passing = texts.get("pass" + name.removeprefix("fail"))
        if passing is not None:
            format_, variant = said.format, said.variant
            about = f" ({_CLOUDS.get(variant, variant.replace('-', ' '))})" if variant else ""
            yield Pair(format_.NAME, variant, format_.LANGUAGE, format_.LABEL + about, texts[name], passing)


def difference(pair: Pair, context: int = 3) -> str:
    """The fix, as the lines of a unified diff without its head."""
    lines = difflib.unified_diff(pair.failing.splitlines(), pair.passing.splitlines(), lineterm="", n=context)
    return "\n".join(line for line in lines if not line.startswith(("--- ", "+++ ", "@@")))
