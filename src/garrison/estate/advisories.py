"""Published flaws of machine-learning servers, by version. Facts are in `advisories.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from garrison.estate.versions import Version


class Flaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One advisory. `affected` are ranges of versions, such as `>=2.5 <2.5.21`; it holds for each of them."""

    id: str
    severity: str  # critical, high
    affected: tuple[str, ...]
    package: str = ""  # of several in one server, the one that it is about

    def affects(self, version: Version) -> bool | None:
        """Whether a version has it; None where that is not known."""
        said = [version.within(ranges) for ranges in self.affected]
        return True if True in said else None if None in said else False

    def ends(self, version: Version) -> tuple[str, bool]:
        """The bound of the versions that have it, in the line of one of them, and whether it is itself one of them.

        "" where no end is known.
        """
        ranges = next((r for r in self.affected if version.within(r) is not False), "")
        bound = ranges.rpartition(" ")[2]
        return bound.lstrip("<=") if bound.startswith("<") else "", bound.startswith("<=")


def flaws_of(component: str, package: str, version: Version) -> tuple[tuple[Flaw, bool | None], ...]:
    """The flaws that a version of a server has, or may have, the worst first."""
    found = [(f, f.affects(version)) for f in _advisories().get(component, ()) if f.package in ("", package)]
    return tuple((f, has) for f, has in found if has is not False)


@cache
def _advisories() -> dict[str, tuple[Flaw, ...]]:
    said: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))
    return {
        component: tuple(msgspec.convert({"id": id_, **facts}, Flaw) for id_, facts in flaws.items())
        for component, flaws in said.items()
    }
