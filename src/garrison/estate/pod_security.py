"""Which controls of the Pod Security Standards a pod violates, at any version of Kubernetes.

The controls are data (`pod_security.toml`). What is violated carries the values that do it; a value that is not decided
leaves its control undecided.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

import msgspec

from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import Body, State, Value, absent, dig

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")


class Level(enum.StrEnum):
    """What a namespace can ask of its pods; each one asks more."""

    PRIVILEGED = "privileged"
    BASELINE = "baseline"
    RESTRICTED = "restricted"


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One control, as the data file tells it."""

    id: str  # as the admission controller calls it
    name: str
    level: Level
    since: int = 0
    until: int = 1_000
    pod: tuple[str, ...] = ()
    container: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    required: str = ""
    or_pod: bool = False
    includes: str = ""  # a list of every container that has to have `item`
    item: str = ""
    sources: tuple[str, ...] = ()  # one of which every volume has to have
    allowed: tuple[str | bool | int, ...] = ()
    none_of: tuple[int, ...] = ()
    or_prefix: str = ""
    more: dict[str, tuple[str, ...]] = {}
    windows: int = 1_000
    user_namespace: int = 1_000


class _Data(msgspec.Struct, frozen=True):
    latest: int
    control: tuple[Control, ...]


class Violation(msgspec.Struct, frozen=True, eq=False):
    """A control that is violated, or may be; the truth carries what does it."""

    control: Control
    truth: Truth


@cache
def _data() -> _Data:
    return msgspec.convert(tomllib.loads(Path(__file__).with_name("pod_security.toml").read_text("utf8")), _Data)


def violations(
    pod: Value, annotations: Value | None = None, *, level: Level = Level.RESTRICTED, minor: int | None = None
) -> tuple[Violation, ...]:
    """The controls of a level, and of those below it, that a pod's specification violates or may violate.

    `minor` is the version of the policy, 32 for Kubernetes 1.32; the latest one where none is said.
    """
    version = _data().latest if minor is None else min(minor, _data().latest)
    if level is Level.PRIVILEGED or pod.state is State.ABSENT:
        return ()
    asked = _Pod(pod, absent() if annotations is None else annotations, version)
    found: dict[str, list[tuple[Control, Truth]]] = {}
    for control in _data().control:
        if control.since <= version < control.until and level in (control.level, Level.RESTRICTED):
            truth = asked.violates(control)
            if not truth.no:
                found.setdefault(control.id, []).append((control, truth))
    return tuple(Violation(its[0][0], _all_that_do([t for _, t in its])) for its in found.values())


class _Pod:
    """One pod at one version."""

    def __init__(self, pod: Value, annotations: Value, version: int) -> None:
        self.pod, self.annotations, self.version = pod, annotations, version
        self.containers = [c for name in _CONTAINERS for c in dig(pod, (name,)).items()]

    def violates(self, control: Control) -> Truth:
        """Whether it does; all the values that do are carried."""
        off = self._let_off(control)
        if off.yes:
            return NO
        return ~off & _all_that_do([t for t in self._truths(control) if not t.no])

    def _let_off(self, control: Control) -> Truth:
        found = []
        if self.version >= control.windows:
            found.append(self._windows)
        if self.version >= control.user_namespace:
            found.append(self._user_namespace)
        return any_of(found)

    @cached_property
    def _windows(self) -> Truth:
        return dig(self.pod, ("os", "name")).equals("windows")

    @cached_property
    def _user_namespace(self) -> Truth:
        return dig(self.pod, ("hostUsers",)).equals(False)

    def _truths(self, control: Control) -> Iterator[Truth]:
        for path in control.pod:
            yield from self._strange(dig(self.pod, _steps(path)), control)
        for container in self.containers:
            for path in control.container:
                yield from self._strange(dig(container, _steps(path)), control)
            if control.includes:
                dropped = dig(container, _steps(control.includes))
                yield ~dropped.any(lambda d: d.equals(control.item)) & ~_unknown(dropped)
        if control.required:
            yield from self._missing(control)
        if control.sources:
            yield from (self._without_source(v, control) for v in dig(self.pod, ("volumes",)).items())
        if control.annotations:
            yield from self._annotated(control)

    def _strange(self, said: Value, control: Control) -> Iterator[Truth]:
        """Values that are said and not allowed."""
        for value in said.items() or (said,):
            if value.state is State.ABSENT:
                continue
            if control.none_of:
                yield value.one_of(control.none_of)
            elif isinstance(value.content, Body):  # only that nothing is said is allowed
                yield Truth(True, (value,))
            else:
                allowed = value.one_of(_allowed(control, self.version))
                yield ~(allowed | value.starts_with(control.or_prefix) if control.or_prefix else allowed)

    def _missing(self, control: Control) -> Iterator[Truth]:
        """A pod that says something else, and containers that say something else, or nothing where the pod does not."""
        path = _steps(control.required)
        of_pod = dig(self.pod, path) if control.or_pod else absent(self.pod.place)
        if of_pod.state is not State.ABSENT:
            yield ~of_pod.one_of(control.allowed)
        for container in self.containers:
            said = dig(container, path)
            if said.state is not State.ABSENT:
                yield ~said.one_of(control.allowed)
            elif of_pod.state is State.ABSENT:
                yield Truth(True, (said,))

    def _without_source(self, volume: Value, control: Control) -> Truth:
        if volume.state is not State.KNOWN or not isinstance(volume.content, Body):
            return Truth(None, (volume,))
        said = {name for name, value in volume.content.items() if value.state is not State.ABSENT} - {"name"}
        return Truth(bool(said) and said.isdisjoint(control.sources), (volume,))  # nothing said is an emptyDir

    def _annotated(self, control: Control) -> Iterator[Truth]:
        if self.annotations.state is State.KNOWN and isinstance(self.annotations.content, Body):
            for name, value in self.annotations.content.items():
                if name.startswith(control.annotations):
                    yield from self._strange(value, control)


def _allowed(control: Control, version: int) -> tuple[str | bool | int, ...]:
    if not control.more:
        return control.allowed
    more = [a for since, values in control.more.items() if int(since) <= version for a in values]
    return (*control.allowed, *more)


def _unknown(said: Value) -> Truth:
    return Truth(None if said.state is State.UNKNOWN else False, (said,))


def _all_that_do(truths: list[Truth]) -> Truth:
    """Yes where one is, with the values of all that are; unlike `any_of`, which stops at the first."""
    certain = [t for t in truths if t.yes] or truths
    if not certain:
        return NO
    return Truth(certain[0].answer, tuple(v for t in certain for v in t.because))


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))
