"""What a file says as one resource: in force as it is written, and under no condition."""

from __future__ import annotations

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Value, dig, known


class Written:
    """A file, or the part of one that `part` names, as a table reads it. `type` is what tables call it."""

    __slots__ = ("_body", "address", "format", "place", "root", "type")

    def __init__(self, format_: str, type_: str, place: Place, body: Body, part: str = "") -> None:
        folder, _, name = place.source.path.rpartition("/")
        self.format, self.type, self.place = format_, type_, place
        self.root = folder or "."
        self.address = f"{self.root}:{name}" + (f"#{part}" if part else "")
        self._body = known(body, place)

    @property
    def exists(self) -> Truth:
        """What is written is in force."""
        return YES

    @property
    def condition(self) -> str:
        """There is none."""
        return ""

    def at(self, path: tuple[str, ...]) -> Value:
        """What is said at a path."""
        return dig(self._body, path)
