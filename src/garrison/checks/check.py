"""What a check is.

A check is a pure function: one asset, and what is near it, to a verdict. Its docstring is its documentation: the first
line says what is wrong, `Why:` what that means for a machine-learning system, `Fix:` what to do.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable
from functools import cache

import msgspec

import garrison.checks
from garrison.errors import ConfigError
from garrison.estate.assets import Asset
from garrison.estate.estate import Relations
from garrison.estate.truth import Truth
from garrison.estate.values import Value
from garrison.sources.mapping.table import native_names


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
    doc: str
    module: str
    mend: Mend | None = None

    @property
    def title(self) -> str:
        """One line: what is wrong."""
        return self.doc.partition("\n")[0].strip().rstrip(".")

    @property
    def rationale(self) -> str:
        """What it means for a machine-learning system."""
        return self._section("Why")

    @property
    def fix(self) -> str:
        """What to do."""
        return self._section("Fix")

    def maps_to(self, framework: str) -> bool:
        """Whether it maps to a control of the framework, which is given by its key."""
        return any(m.startswith(f"{framework}:") for m in self.maps)

    def _section(self, name: str) -> str:
        lines: list[str] = []
        inside = False
        for line in self.doc.splitlines()[1:]:
            text = line.strip()
            head, colon, rest = text.partition(":")
            if colon and head in ("Why", "Fix", "See"):
                inside, text = head == name, rest.strip()
            if inside and text:
                lines.append(text)
        return " ".join(lines)


_REGISTERED: dict[str, Check] = {}

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
    `OWASP-ML:ML05`). `native` names the `native_...` fields it asks for; `mend` says which fields, set how, mend it. The
    kind it judges is the type of the function's first parameter; a second one receives what is near the asset. Raises
    ConfigError for a check that is not complete.
    """

    def register(function: F) -> F:
        code = function.__code__
        parameters = code.co_varnames[: code.co_argcount]
        doc = inspect.cleandoc(function.__doc__ or "")
        # The annotation is the name of a kind; typing.get_type_hints would compile each of hundreds.
        kind = function.__globals__[function.__annotations__[parameters[0]]]
        run = function if len(parameters) > 1 else _alone(function)
        made = Check(
            id, kind, severity, confidence, pillar, maps, about_ml, native, run, doc, function.__module__, mend
        )  # fmt: skip
        if id in _REGISTERED and _REGISTERED[id].module != made.module:
            raise ConfigError(f"two checks are called {id}", path=made.module)
        if not (made.title and made.rationale and made.fix):
            raise ConfigError(f"check {id} needs a docstring with a title, Why: and Fix:", path=made.module)
        _REGISTERED[id] = made
        return function

    return register


def _alone(function: Callable[..., Verdict]) -> Callable[[typing.Any, Relations], Verdict]:
    return lambda asset, _near: function(asset)


@cache
def all_checks() -> tuple[Check, ...]:
    """Every check, by id. Raises ConfigError for one that asks for a native field no table declares."""
    for module in pkgutil.iter_modules(garrison.checks.__path__, garrison.checks.__name__ + "."):
        if not module.ispkg and module.name != __name__:
            importlib.import_module(module.name)
    for made in _REGISTERED.values():
        if strange := {f"native_{n}" for n in made.native} - native_names():
            raise ConfigError(f"check {made.id} asks for {', '.join(sorted(strange))}, which no table declares")
    return tuple(_REGISTERED[id_] for id_ in sorted(_REGISTERED))
