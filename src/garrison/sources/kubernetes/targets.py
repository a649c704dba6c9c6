"""Which objects a patch or a replacement is meant for.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/: group, version, kind, name and namespace
are regular expressions of the whole; labels and annotations are selectors as kubectl takes them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from garrison.estate.values import State, Value, dig
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.edits import body_of, entry
from garrison.sources.kubernetes.types import BUILT_IN

_MAX_PATTERN = 200
_MAX_REPEATS = 3  # that match any number: more could take for ever on a long name
_MAX_NAME = 253  # https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
_REQUIREMENT = re.compile(
    r"\s*(?:(?P<absent>!\s*)?(?P<key>[\w./-]+)\s*(?:(?P<operator>==?|!=)\s*(?P<value>[\w.-]*)|"
    r"(?P<within>(?:not)?in)\s*\((?P<values>[^)]*)\))?)\s*(?:,|$)"
)


class Selector:
    """Who a `target`, a `select` or a `reject` speaks of. Nothing said is everything."""

    __slots__ = ("_said",)

    def __init__(self, said: Value) -> None:
        self._said = said

    def selects(self, one: Deployed, *, whole: bool = True) -> bool:
        """Whether an object is meant. A source of replacements is named by plain texts: `whole` is off there."""
        return self._is(one) and (not whole or self._labelled(one))

    def _is(self, one: Deployed) -> bool:
        group, _, version = one.version.rpartition("/")
        spaces = {namespace or "default" for _, namespace in one.ids}
        return (
            _matches(self._text("group"), group)
            and _matches(self._text("version"), version)
            and _matches(self._text("kind"), one.kind)
            and any(_matches(self._text("name"), name) for name, _ in one.ids)
            and any(_matches(self._text("namespace"), space) for space in spaces)
        )

    def _labelled(self, one: Deployed) -> bool:
        for said, where in (("labelSelector", "labels"), ("annotationSelector", "annotations")):
            text = self._text(said)
            if text and not _meets(text, dig(one.value(), ("metadata", where))):
                return False
        return True

    def _text(self, name: str) -> str:
        return entry(self._said, name).text()


def meant(patch: Value, one: Deployed) -> bool:
    """Whether a patch without a target is for an object: it says its kind, name and perhaps namespace."""
    about = entry(patch, "metadata")
    name, namespace = entry(about, "name").text(), entry(about, "namespace").text()
    group = entry(patch, "apiVersion").text().rpartition("/")[0]
    return (
        entry(patch, "kind").text() == one.kind
        and (group == one.version.rpartition("/")[0] or (group in BUILT_IN and one.built_in))
        and any(name == its and (not namespace or namespace == (space or "default")) for its, space in one.ids)
    )


def _matches(pattern: str, text: str) -> bool:
    """Whether a regular expression matches all of a text; an empty one matches everything."""
    if not pattern or pattern == text:
        return True
    compiled = _compiled(pattern)
    return compiled is not None and len(text) <= _MAX_NAME and compiled.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None for what is no pattern, or could take for ever: such a one matches nothing."""
    repeats = len(re.findall(r"[*+{]", pattern))
    if len(pattern) > _MAX_PATTERN or repeats > _MAX_REPEATS or re.search(r"\)[*+{?]|\\\d|\(\?[^:P]", pattern):
        return None
    try:
        return re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


def _meets(selector: str, said: Value) -> bool:
    """Whether labels or annotations meet `a=b,c!=d,e in (f,g),h,!i`."""
    body = body_of(said)
    labels = {k: v.text() for k in body.keys() if (v := body.child(k)).state is State.KNOWN} if body is not None else {}
    at = 0
    while at < len(selector):
        part = _REQUIREMENT.match(selector, at)
        if part is None or part.end() == at or not _requires(part, labels):
            return False
        at = part.end()
    return True


def _requires(part: re.Match[str], labels: dict[str, str]) -> bool:
    value = labels.get(part["key"])
    if part["absent"]:
        return value is None
    if part["operator"]:
        return (value == part["value"]) is (part["operator"] != "!=")
    if part["within"]:
        wanted = {w.strip() for w in part["values"].split(",")}
        return (value in wanted) is (part["within"] == "in")
    return value is not None
