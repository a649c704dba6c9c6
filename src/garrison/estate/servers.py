"""Which machine-learning server a program is, and whether it asks who is there. Facts are in `servers.toml`.

What is said of a server may hold only for some of its versions: the tag of its image, or a pin in its command line
(`pip install ray==2.5`), tells which one it is.
"""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from garrison.estate.truth import NO, YES, Truth, all_of, any_of
from garrison.estate.values import State, Value, unknown
from garrison.estate.versions import Version, parse
from garrison.estate.wordings import wordings, words

_IMAGE = re.compile(r"^(?:[^/]+[.:][^/]*/|localhost/)?(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?")
_LOCAL = re.compile(r"(?i)(?:\w+:/*)?(?:127\.[\d.]+|localhost|\[?::1\]?)(?::\d+)*/?$|unix:|/")
# By which servers are told where to listen, whatever a component says of itself: Ray's dashboard is one of its doors.
_ADDRESS_OPTIONS = ("--dashboard-host", "--host", "--ip", "--ServerApp.ip", "--listen", "--bind", "--address", "-H")
# A whole release at the beginning of a tag: not 1a2b3c, not a date.
_TAG = r"^v?(\d{1,4}(?:\.\d+)*(?:\.?(?:rc|a|b|post|dev)\d+)?)(?:[-+_]|$)(?!\d\d-\d\d)"


class Weakness(enum.StrEnum):
    """A dangerous setting that is no missing authentication."""

    PASSWORD = "password"  # a password or signing key that everybody knows  # noqa: S105
    SIGNUP = "signup"  # anybody makes himself an account
    ORIGINS = "origins"  # web pages of any origin may call it
    HOSTS = "hosts"  # it answers to any host name
    FORGERY = "forgery"  # it does not tell its own pages' requests from others'
    MODELS = "models"  # whoever calls it changes what it serves
    FILES = "files"  # it hands out files, or fetches what it is told to
    SHARED = "shared"  # it is reached from the internet through a tunnel
    DEBUG = "debug"  # a mode that is meant for development
    ROOT = "root"  # it runs as root, or gives its users root
    PLAIN = "plain"  # its encryption is turned off
    PUBLIC = "public"  # it makes data readable for everybody


class Launched(Protocol):
    """What is known of how a program is started."""

    @property
    def image(self) -> Value: ...
    @property
    def mounts(self) -> Value: ...
    @property
    def words(self) -> tuple[Value, ...]: ...
    @property
    def configures(self) -> str: ...
    @property
    def on_host(self) -> bool: ...
    @property
    def listens(self) -> Value: ...
    @property
    def inherits(self) -> Value: ...
    @property
    def pins(self) -> Value: ...
    def option(self, *names: str) -> Value:
        """What its command line says after one of these options."""
        ...

    def variable(self, *names: str) -> Value:
        """What an environment variable is set to."""
        ...

    def setting(self, *names: str) -> Value:
        """What its configuration file says."""
        ...


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that may be said where a server is started or configured, under one of several names.

    `like` is what its value must look like: a regular expression for the whole of it, letters of either case. Without
    it any value will do, or none where it is to be `empty`, or nothing may be said at all where it is to be `unset`.
    `since` and `below` bound the versions that hear it; alone they speak of the version itself.
    """

    option: tuple[str, ...] = ()
    variable: tuple[str, ...] = ()
    setting: tuple[str, ...] = ()
    like: str = ""
    empty: bool = False
    unset: bool = False
    word: str = ""  # a regular expression for a word of the command line
    mount: str = ""  # a regular expression for a path in the container
    since: str = ""
    below: str = ""

    def said(self, start: Launched) -> list[Value]:
        """What is said under each of its names: in a configuration file its settings, else its options."""
        names, ask = (self.setting, start.setting) if start.configures else (self.option, start.option)
        return [ask(name) for name in names] + [start.variable(name) for name in self.variable]

    def holds(self, start: Launched, version: Version | None, told: Value) -> Truth:
        """Whether it is said, to a version that hears it. One that is not known is taken for the newest."""
        heard = self._heard(version, told)
        if heard.no or not (self.word or self.mount or self.option or self.variable or self.setting):
            return heard
        return self._is_said(start) & heard

    def _is_said(self, start: Launched) -> Truth:
        if self.word:
            return any_of(w.matches(self.word) for w in start.words)
        if self.mount:
            return start.mounts.any(lambda m: m.child("mountPath").matches(self.mount))
        values = self.said(start)
        if self.unset:
            return all_of(v.is_absent() for v in values) if values else NO
        return any_of(self._is_so(v) for v in values)

    def _is_so(self, value: Value) -> Truth:
        if self.like:
            return value.any(lambda v: v.matches(rf"(?is)^(?:{self.like})$"))
        if self.empty:
            return value.given() & value.is_empty()
        # An option may stand alone; a variable or setting that is empty says nothing.
        return value.given() if self.option else value.given() & ~value.is_empty()

    def _heard(self, version: Version | None, told: Value) -> Truth:
        if not self.since and not self.below:
            return YES
        if version is None:
            return Truth(not self.below, (told,))
        below = version.below(self.below) if self.below else True
        since = version.below(self.since) if self.since else False
        noted = _noted(told, f"it is {version.text}, older than {self.below}" if self.below else "")
        return Truth(below, (noted,)) & Truth(None if since is None else not since, (told,))


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to a weakness: all of `when` is said, and nothing of `unless`."""

    weakness: Weakness
    when: tuple[Condition, ...]
    unless: tuple[Condition, ...] = ()


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
    packages: tuple[str, ...] = ()  # what it is installed as; the first is the one whose version a tag tells
    tag: str = _TAG  # a regular expression; its groups are the numbers of the version
    guards: tuple[Condition, ...] = ()
    opens: tuple[Condition, ...] = ()
    hidden: tuple[Condition, ...] = ()
    address: tuple[Condition, ...] = ()  # what says where it listens
    local: bool = False  # on a host it listens on the loopback unless it is told otherwise
    weak: tuple[Setting, ...] = ()
    runs_code: bool = False  # whoever reaches it open can run code on it
    harmless_ports: tuple[int | str, ...] = ()  # numbers and names of ports that give away nothing of this
    general: bool = False  # its use is not machine learning by itself


class Server(msgspec.Struct, frozen=True, eq=False):
    """A component that was recognised, by the value that told so."""

    component: Component
    start: Launched
    told: Value
    version: Version | None = None
    package: str = ""  # whose version it is
    pinned: Value = Value(State.ABSENT)  # what tells the version

    @property
    def open(self) -> Truth:
        """Whether it answers everybody who reaches it."""
        component = self.component
        opened = written(any_of(map(self._holds, component.opens)), self.start)
        guarded = any_of(map(self._holds, component.guards))
        if self.start.configures:  # a file speaks only of what it says
            return opened if guarded.no else opened & ~guarded
        if guarded.no and self.start.inherits.state is State.UNKNOWN and any(g.variable for g in component.guards):
            guarded = Truth(None, (self.start.inherits,))
        if not component.open:
            return opened & ~guarded
        truth = opened | (self._without(guarded) if component.guards else Truth(True, (self._nothing_asks(),)))
        hidden = any_of(map(self._holds, component.hidden))
        if truth.yes and not opened.yes and not hidden.no:
            place = hidden.because[0].place
            return Truth(None, (unknown(f"a configuration file that is not read may close {component.title}", place),))
        return truth

    @property
    def reachable(self) -> Truth:
        """Whether it listens on more than the loopback."""
        start, address = self.start, self.component.address
        if start.listens.state is not State.ABSENT:
            return ~start.listens.all(_is_local)
        if said := self._addresses():
            return any_of(~v.all(_is_local) for v in said)
        told = not start.configures or any(c.setting for c in address)  # what else would say where it listens
        return NO if start.on_host and self.component.local and told else YES

    @property
    def told_to_listen(self) -> Truth:
        """Whether it is told to listen on more than the loopback; no where nothing is said."""
        said = self._addresses() or [self.start.option(*_ADDRESS_OPTIONS)]
        return any_of(v.given() & ~v.all(_is_local) for v in said)

    def _addresses(self) -> list[Value]:
        """What is said of where it listens."""
        said = (v for c in self.component.address for v in c.said(self.start))
        return [v for v in said if v.state is not State.ABSENT]

    def weak(self, weakness: Weakness) -> Truth:
        """Whether it is told to be weak so."""
        ways = [s for s in self.component.weak if s.weakness is weakness]
        truth = any_of(all_of(map(self._holds, s.when)) & ~any_of(map(self._holds, s.unless)) for s in ways)
        truth = written(truth, self.start)
        # A password that is taken from elsewhere is not the one that everybody knows.
        return NO if weakness is Weakness.PASSWORD and truth.unknown else truth

    def _holds(self, condition: Condition) -> Truth:
        return condition.holds(self.start, self.version, self.pinned)

    def _without(self, guarded: Truth) -> Truth:
        """Whether nothing guards it; with a word for what its version is too old to hear."""
        version, guards = self.version, self.component.guards
        if version is None or not all(g.since and version.below(g.since) for g in guards):
            return ~guarded
        reason = f"{self.component.title} {version.text} cannot ask who is there; {guards[0].since} and later can"
        return Truth(True, (_noted(self.pinned, reason),))

    def _nothing_asks(self) -> Value:
        return _noted(self.start.image, f"{self.component.title} has no authentication of its own")


def written(truth: Truth, start: Launched) -> Truth:
    """Whether something dangerous is said here: what the caller of a script may add is not."""
    added = start.inherits.state is State.UNKNOWN and not any(v.given().yes for v in truth.because)
    return NO if truth.unknown and added else truth


@cache
def components() -> tuple[Component, ...]:
    """Every known one, in the order of the file: the first that fits is taken."""
    said: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8"))
    return tuple(msgspec.convert({"name": name, **facts}, Component) for name, facts in said.items())


def recognise(start: Launched) -> Server | None:
    """The server that is started: by its configuration file or its command line, else by its image."""
    if start.configures:
        found = next((c for c in components() if c.name == start.configures), None)
        return None if found is None else Server(found, start, start.image)
    line = " ".join(w.text() for w in start.words if w.state is State.KNOWN)
    match = _IMAGE.match(start.image.text())
    repository = match["repository"].lower() if match else ""
    component, by_line = component_of(line, repository)
    if component is None:
        return None
    told = start.image
    if by_line:
        told = next((w for w in start.words if w.state is State.KNOWN and w.text()), start.image)
    tag = match["tag"] if match and _is_image(component, repository) else None
    return Server(component, start, told, *_version(component, start, tag or ""))


@lru_cache(maxsize=4096)
def component_of(line: str, repository: str = "") -> tuple[Component | None, bool]:
    """What is started, and whether the command line told so."""
    if line:
        for component in _told_by("commands", line):
            return component, True
    if repository:
        for component in _told_by("images", repository):
            odd = any(_compiled(u).search(line) for u in component.unless)
            return (None if odd else component), False
    return None, False


def _told_by(field: str, text: str) -> Iterator[Component]:
    """The components that a text tells by their patterns, which are compiled where their words are met."""
    met = words(text)
    for ways, pattern, component in _by(field):
        if any(way <= met for way in ways) and _compiled(pattern).search(text):
            yield component


@cache
def _by(field: str) -> tuple[tuple[frozenset[frozenset[str]], str, Component], ...]:
    """Every pattern of a field, with the words it needs and the component it tells."""
    return tuple((wordings(p), p, c) for c in components() for p in getattr(c, field))


def _is_image(component: Component, repository: str) -> bool:
    return any(_compiled(i).search(repository) for i in component.images)


def _version(component: Component, start: Launched, tag: str) -> tuple[Version | None, str, Value]:
    """The version, whose it is, and what tells it: a pin, else the tag. One that is cut short may be any that follows."""
    for package in component.packages:
        pin = _compiled(rf"^[\"']?{re.escape(package)}(?:\[[\w,.-]*\])?(?:==|@)v?(\d[\w.]*)")
        for word in (*start.words, *start.pins.items()):
            if (found := pin.match(word.text())) is not None:
                return parse(found[1]), package, word
    found = _compiled(component.tag).search(tag)
    if found is None:
        return None, "", start.image
    text = ".".join(g for g in found.groups() if g)
    return parse(text, exact=text.count(".") > 1), component.packages[0] if component.packages else "", start.image


def _is_local(address: Value) -> Truth:
    """Whether an address, and each of several in one text, is the loopback or a socket on disk; a flag alone is not."""

    def local(said: object) -> bool:
        parts = [one for one in re.split(r"[\s,]+-?", str(said)) if one]
        return bool(parts) and all(_LOCAL.match(one) for one in parts)

    return address.test(local)


def _noted(value: Value, reason: str) -> Value:
    return Value(value.state, value.content, value.place, reason, value.ref, value.decided_by)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
