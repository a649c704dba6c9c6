"""What a file with start commands declares."""

from __future__ import annotations

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Value, dig, known


class Launch:
    """A unit, or a command that starts a known server; `said` are its fields as the tables name them."""

    __slots__ = ("_body", "address", "place", "root", "type")

    def __init__(self, type_: str, path: str, name: str, place: Place, said: dict[str, Value]) -> None:
        self.root = place.source.path.rpartition("/")[0] or "."
        self.type, self.place = type_, place
        self.address = f"{self.root}:{path.removeprefix(f'{self.root}/')}"
        self._body = known(Body.of({"name": known(name, place), **said}, place), place)

    @property
    def format(self) -> str:
        """The name of the source."""
        return "launch"

    @property
    def exists(self) -> Truth:
        """What is written is started."""
        return YES

    @property
    def condition(self) -> str:
        """None is read."""
        return ""

    def at(self, path: tuple[str, ...]) -> Value:
        """What is said at a path."""
        return dig(self._body, path)

    def __repr__(self) -> str:
        return f"<{self.address} at {self.place}>"
