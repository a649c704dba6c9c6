"""What a check is.

A check is a pure function: one asset, and what is near it, to a verdict. Its docstring is its documentation: the first
line says what is wrong, `Why:` what that means for a machine-learning system, `Fix:` what to do.
"""

from __future__ import annotations

import enum
import importlib
import pkgutil
import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import msgspec

import garrison.checks
from garrison.errors import ConfigError
from garrison.estate.assets import Asset
from garrison.estate.estate import Relations
from garrison.estate.truth import Truth
from garrison.estate.values import Value
from garrison.sources.mapping.table import native_names

# What checks of written credentials are called.
_SECRET = re.compile(r"credential|repository-password|(secret|password|token|key|login)-(in|written)|-secret$|shipped")


class Severity(enum.StrEnum):
    """How bad it is where it is true, whatever stands around it."""

    CRITICAL = "critical"  # whoever finds it takes data, models or machines at once
    HIGH = "high"  # one step from that
    MEDIUM = "medium"  # makes an attack easier, or harder to see or undo
    LOW = "low"  # good practice

    @property
    def rank(self) -> int:
        """Greater is worse."""
        return len(Severity) - list(Severity).index(self)


class Confidence(enum.StrEnum):
    """How often the check is right when it says fail."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Pillar(enum.StrEnum):
    """The part of the house."""

    CLOUD = "cloud"
    CONTAINERS = "containers"
    API = "api"
    MONITORING = "monitoring"
    ACCESS = "access"


class Outcome(enum.StrEnum):
    """What a check answers for one asset."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    UNKNOWN = "unknown"
    ERROR = "error"  # the check itself raised


class Verdict(msgspec.Struct, frozen=True, eq=False):
    """An outcome, what to say of it, and the values that decided it."""

    outcome: Outcome
    why: str
    evidence: tuple[Value, ...] = ()


_OUTCOMES = {True: Outcome.FAIL, False: Outcome.PASS, None: Outcome.UNKNOWN}


def fail_if(truth: Truth, why: str) -> Verdict:
    """Fail where it is so, pass where it is not, unknown otherwise. `why` completes "fails, because ..."."""
    return Verdict(_OUTCOMES[truth.answer], why if truth.answer is not False else "", truth.because)


class Mend(msgspec.Struct, frozen=True):
    """Fields of the asset that, set so, mend what the check found. `garrison scan --fix` writes them."""

    fields: dict[str, object]
    safe: bool  # nothing is replaced or lost, and nobody who works today is turned away


def safe(**fields: object) -> Mend:
    """A mend that `--fix` makes."""
    return Mend(fields, True)


def unsafe(**fields: object) -> Mend:
    """A mend that may stop what works today, or replace a resource: `--unsafe-fixes` makes it too."""
    return Mend(fields, False)


class Check(msgspec.Struct, frozen=True, eq=False):
    """A registered check."""

    id: str
    kind: type[Asset]
    severity: Severity
    confidence: Confidence
    pillar: Pillar
    maps: tuple[str, ...]
    about_ml: bool
    native: tuple[str, ...]
    run: Callable[[typing.Any, Relations], Verdict]
    title: str  # one line: what is wrong
    rationale: str  # what it means for a machine-learning system
    fix: str  # what to do
    path: str  # of the file it is written in, and where in it
    line: int
    examples: Mapping[str, str] | None = None  # name -> text; None for a shipped check: they lie in a folder
    mend: Mend | None = None

    @property
    def tells_secret(self) -> bool:
        """Whether what it finds is a secret itself, which must not be shown."""
        return _SECRET.search(self.id) is not None

    def maps_to(self, framework: str) -> bool:
        """Whether it maps to a control of the framework, which is given by its key."""
        return any(m.startswith(f"{framework}:") for m in self.maps)


_REGISTERED: dict[str, Check] = {}
_collected: ContextVar[dict[str, Check] | None] = ContextVar("_collected", default=None)


@contextmanager
def collecting() -> Iterator[dict[str, Check]]:
    """Checks that are registered meanwhile go into the dictionary that is given, not among the shipped ones."""
    found: dict[str, Check] = {}
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


F = typing.TypeVar("F", bound=Callable[..., Verdict])


def check(
    *,
    id: str,  # noqa: A002
    severity: Severity,
    pillar: Pillar,
    maps: tuple[str, ...] = (),
    confidence: Confidence = Confidence.HIGH,
    about_ml: bool = False,
    native: tuple[str, ...] = (),
    mend: Mend | None = None,
) -> Callable[[F], F]:
    """Register a function as a check.

    `maps` names controls of frameworks (`ATLAS:AML.T0049`, `NIST-800-53:SC-7`, `CIS-AWS-6.0:2.1`, `AWS-FSBP:S3.1`,
    `OWASP-ML:ML05`). `native` names the `native_...` fields it asks for: where none of them is read, it is not asked.
    `mend` says which fields, set how, mend it. The kind it judges is the type of the function's first parameter; a
    second one receives what is near the asset. Raises ConfigError for a check that is not complete.
    """

    def register(function: F) -> F:
        code = function.__code__
        path, line = code.co_filename, code.co_firstlineno
        found = _collected.get()
        registered = _REGISTERED if found is None else found
        if id in registered and (registered[id].path, registered[id].line) != (path, line):
            hint = f"the other one is {registered[id].path}:{registered[id].line}"
            raise ConfigError(f"two checks are called {id}", path=path, line=line, hint=hint)
        run = function if code.co_argcount > 1 else _alone(function)
        said = _sections(function.__doc__ or "")
        made = Check(
            id=id, kind=_judged(function), severity=severity, confidence=confidence, pillar=pillar, maps=maps,
            about_ml=about_ml, native=native, run=run, title=said[""].rstrip("."), rationale=said["Why"], fix=said["Fix"],
            path=path, line=line, mend=mend,
        )  # fmt: skip
        if not (made.title and made.rationale and made.fix):
            raise ConfigError(f"check {id} needs a docstring with a title, Why: and Fix:", path=path, line=line)
        registered[id] = made
        return function

    return register


def _judged(function: Callable[..., Verdict]) -> type[Asset]:
    """The kind that the first parameter is annotated with."""
    code = function.__code__
    said = function.__annotations__.get(code.co_varnames[0]) if code.co_argcount else None
    # The annotation is the name of a kind; typing.get_type_hints would compile each of hundreds.
    kind = function.__globals__.get(said) if isinstance(said, str) else said
    if not (isinstance(kind, type) and issubclass(kind, Asset)):
        hint = "annotate it with what the check judges: bucket: Bucket"
        message = f"the first parameter of {function.__name__} is no kind of asset"
        raise ConfigError(message, path=code.co_filename, line=code.co_firstlineno, hint=hint)
    return kind


def _sections(doc: str) -> dict[str, str]:
    """The first line of a docstring, under "", and what follows `Why:`, `Fix:` and `See:`."""
    first, *lines = doc.strip().splitlines() or [""]
    said: dict[str, list[str]] = {"Why": [], "Fix": [], "See": []}
    section: list[str] = []
    for line in lines:
        text = line.strip()
        head, colon, rest = text.partition(":")
        if colon and head in said:
            section, text = said[head], rest.strip()
        if text:
            section.append(text)
    return {"": first.strip(), **{name: " ".join(theirs) for name, theirs in said.items()}}


def _alone(function: Callable[..., Verdict]) -> Callable[[typing.Any, Relations], Verdict]:
    return lambda asset, _near: function(asset)


@cache
def all_checks() -> tuple[Check, ...]:
    """Every shipped check, by id. Raises ConfigError for one that asks for a native field no table declares."""
    for module in pkgutil.iter_modules(garrison.checks.__path__, garrison.checks.__name__ + "."):
        if not module.ispkg and module.name != __name__:
            importlib.import_module(module.name)
    for made in _REGISTERED.values():
        if strange := {f"native_{n}" for n in made.native} - native_names():
            raise ConfigError(f"check {made.id} asks for {', '.join(sorted(strange))}, which no table declares")
    return tuple(_REGISTERED[id_] for id_ in sorted(_REGISTERED))


def catalogue(own: Iterable[Check] = ()) -> tuple[Check, ...]:
    """Every shipped check and some of a user's own, by id."""
    return tuple(sorted((*all_checks(), *own), key=lambda c: c.id))
