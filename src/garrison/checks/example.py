"""A check's examples: what fails, what passes, and what lies between them, which is the fix."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

import garrison.checks

FOLDER = Path(garrison.checks.__path__[0], "examples")
NAME = re.compile(
    r"(?P<outcome>fail|pass)(\.(?P<variant>[\w-]+?))?\.(?P<ending>tf|cloudformation\.yaml|kubernetes\.yaml)"
)
_FORMATS = {
    "tf": ("terraform", "Terraform", "hcl"),
    "cloudformation.yaml": ("cloudformation", "CloudFormation", "yaml"),
    "kubernetes.yaml": ("kubernetes", "Kubernetes", "yaml"),
}
_CLOUDS = {"gcp": "Google Cloud", "azure": "Azure", "aws": "AWS"}


class Pair(msgspec.Struct, frozen=True):
    """A failing example and the same mended."""

    format: str
    variant: str  # the cloud or case it is about; "" for the first
    language: str  # for highlighting
    label: str
    failing: str
    passing: str


def examples_of(check_id: str) -> tuple[Pair, ...]:
    """Every pair of a check, the first of each format before its variants."""
    return tuple(sorted(_pairs(check_id), key=lambda p: (list(_FORMATS).index(_ending(p)), p.variant)))


@cache
def _texts(check_id: str) -> dict[str, str]:
    folder = FOLDER / check_id
    return {f.name: f.read_text("utf8") for f in sorted(folder.iterdir())} if folder.is_dir() else {}


def _pairs(check_id: str) -> Iterator[Pair]:
    texts = _texts(check_id)
    for name, failing in texts.items():
        match = NAME.fullmatch(name)
        if match is None or match["outcome"] != "fail":
            continue
        passing = texts.get("pass" + name.removeprefix("fail"))
        if passing is not None:
            format_, label, language = _FORMATS[match["ending"]]
            variant = match["variant"] or ""
            about = f" ({_CLOUDS.get(variant, variant.replace('-', ' '))})" if variant else ""
            yield Pair(format_, variant, language, label + about, failing, passing)


def _ending(pair: Pair) -> str:
    return next(e for e, (format_, _, _) in _FORMATS.items() if format_ == pair.format)


def difference(pair: Pair, context: int = 3) -> str:
    """The fix, as the lines of a unified diff without its head."""
    lines = difflib.unified_diff(pair.failing.splitlines(), pair.passing.splitlines(), lineterm="", n=context)
    return "\n".join(line for line in lines if not line.startswith(("--- ", "+++ ", "@@")))
