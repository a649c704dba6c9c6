"""Which machine-learning server a container runs, and whether it asks who is there. Facts are in `servers.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from garrison.estate.truth import Truth, any_of
from garrison.estate.values import State, Value, unknown

_REGISTRY_AND_VERSION = re.compile(r"^(?:[^/]+[.:][^/]*/|localhost/)?(?P<repository>[^:@]+)")


class Launched(Protocol):
    """What is known of how a program is started."""

    @property
    def image(self) -> Value: ...
    @property
    def mounts(self) -> Value: ...
    @property
    def words(self) -> tuple[Value, ...]: ...
    def option(self, *names: str) -> Value:
        """What its command line says after one of these options."""
        ...

    def variable(self, *names: str) -> Value:
        """What an environment variable is set to."""
        ...


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a start can say: an option, a variable, a word of the command line, a mounted path.

    `like` is what the value of an option or a variable must look like: a regular expression for the whole of it,
    letters of either case. Without it any value will do, or none where it is to be `empty`.
    """

    option: tuple[str, ...] = ()
    variable: tuple[str, ...] = ()
    like: str = ""
    empty: bool = False
    word: str = ""  # a regular expression
    mount: str = ""  # a regular expression for the path in the container

    def holds(self, start: Launched) -> Truth:
        """Whether the start says it."""
        if self.word:
            return any_of(w.matches(self.word) for w in start.words)
        if self.mount:
            return start.mounts.any(lambda m: m.child("mountPath").matches(self.mount))
        said = start.option(*self.option) if self.option else start.variable(*self.variable)
        if self.like:
            return said.matches(rf"(?is)^(?:{self.like})$")
        if self.empty:
            return said.given() & said.is_empty()
        return said.given() if self.option else said.given() & ~said.is_empty()


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of server. `open` says what it does by itself; `guards` close it, `opens` open it.

    `hidden` names what may close it where it cannot be seen: a configuration file.
    """

    name: str
    title: str
    source: str  # where its default is documented
    open: bool
    images: tuple[str, ...] = ()  # regular expressions for the repository, without registry and version
    commands: tuple[str, ...] = ()  # regular expressions for the command line
    unless: tuple[str, ...] = ()  # command lines that show the image is used for something else
    guards: tuple[Condition, ...] = ()
    opens: tuple[Condition, ...] = ()
    hidden: tuple[Condition, ...] = ()
    runs_code: bool = False  # whoever reaches it open can run code on it
    harmless_ports: tuple[int | str, ...] = ()  # numbers and names of ports that give away nothing of this
    general: bool = False  # its use is not machine learning by itself


class Server(msgspec.Struct, frozen=True, eq=False):
    """A component that was recognised in a container, by the value that told so."""

    component: Component
    told: Value
    open: Truth  # it answers everybody who reaches it


@cache
def components() -> tuple[Component, ...]:
    """Every known one, in the order of the file: the first that fits is taken."""
    said: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))
    return tuple(msgspec.convert({"name": name, **facts}, Component) for name, facts in said.items())


def recognise(start: Launched) -> Server | None:
    """The server that is started: by its command line, else by its image."""
    line = " ".join(w.text() for w in start.words if w.state is State.KNOWN)
    match = _REGISTRY_AND_VERSION.match(start.image.text().lower())
    component, by_line = _component(line, match["repository"] if match else "")
    if component is None:
        return None
    told = start.image
    if by_line:
        told = next((w for w in start.words if w.state is State.KNOWN and w.text()), start.image)
    return Server(component, told, _open(component, start))


@lru_cache(maxsize=4096)
def _component(line: str, repository: str) -> tuple[Component | None, bool]:
    """What is started, and whether the command line told so."""
    for component in components():
        if any(_compiled(c).search(line) for c in component.commands):
            return component, True
    for component in components():
        if any(_compiled(i).search(repository) for i in component.images):
            odd = any(_compiled(u).search(line) for u in component.unless)
            return (None if odd else component), False
    return None, False


def _open(component: Component, start: Launched) -> Truth:
    opened = any_of(c.holds(start) for c in component.opens)
    guarded = any_of(c.holds(start) for c in component.guards)
    if not component.open:
        return opened & ~guarded
    truth = opened | (~guarded if component.guards else Truth(True, (_nothing_asks(component, start),)))
    hidden = any_of(c.holds(start) for c in component.hidden)
    if truth.yes and not opened.yes and not hidden.no:
        place = hidden.because[0].place
        return Truth(None, (unknown(f"a configuration file that is not read may close {component.title}", place),))
    return truth


def _nothing_asks(component: Component, start: Launched) -> Value:
    image = start.image
    reason = f"{component.title} has no authentication of its own"
    return Value(image.state, image.content, image.place, reason, image.ref, image.decided_by)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
