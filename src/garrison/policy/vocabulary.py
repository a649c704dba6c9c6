"""The roles file: roles by job function, the claims that policies can speak of, and the time zone of their hours.

timezone = "Europe/Berlin"        # of context.hour and context.weekday; UTC where it is not said
shipped  = true                   # false leaves out the roles and policies that Garrison ships

[claims]                          # of tokens; policies can speak of no others
department = "string"             # or "strings", "number", "boolean"

[role.fraud-team]
title  = "Fraud team"
about  = "Scores payments."
within = ["data-scientist"]       # may do all that this role may; ["member"] where it is not said
"""

from __future__ import annotations

import datetime as dt
import enum
import re
import tomllib
import zoneinfo
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from garrison.errors import ConfigError, nearest

MEMBER: Final = "member"  # the role that every listed role is within, unless it says otherwise
SHIPPED: Final = Path(__file__).parent / "shipped"
_MAX_BYTES = 1_000_000

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=128)]
# Names with two underscores before them mean something else in Cedar's JSON.
ClaimName = Annotated[str, Meta(pattern=r"^(?!__)[^\x00-\x1f\x7f]+$", max_length=256)]


class Claim(enum.StrEnum):
    """What a claim holds."""

    STRING = "string"
    STRINGS = "strings"  # a list of strings, or one of them
    NUMBER = "number"  # whole
    BOOLEAN = "boolean"

    @property
    def cedar(self) -> str:
        """Its type in a Cedar schema."""
        return {"string": "String", "strings": "Set<String>", "number": "Long", "boolean": "Bool"}[self]


_HINTS = {"claims": f"write one of: {', '.join(Claim)}", "within": "write a list of roles"}


class Role(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[role.NAME]`: a job function."""

    title: str = ""
    about: str = ""
    within: tuple[Name, ...] = (MEMBER,)


class Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a roles file says, over what is shipped."""

    role: dict[Name, Role] = {}
    claims: dict[ClaimName, Claim] = {}
    timezone: str = "UTC"
    shipped: bool = True

    def around(self, role: str) -> frozenset[str]:
        """A role and all that it is within, however far. Empty for one that is not listed."""
        found: set[str] = set()
        left = [role] if role in self.role else []
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self.role[name].within if name in self.role else ()
        return frozenset(found)

    def schema(self) -> str:
        """The Cedar schema: the shipped one, with these claims."""
        claims = ", ".join(f"{_quoted(name)}?: {claim.cedar}" for name, claim in self.claims.items())
        return f"{(SHIPPED / 'schema.cedarschema').read_text('utf8')}\ntype Claims = {{ {claims} }};\n"


def zone(name: str) -> dt.tzinfo:
    """A time zone. Raises ZoneInfoNotFoundError, ValueError or OSError for what is none. UTC is there on every system."""
    return dt.UTC if name == "UTC" else zoneinfo.ZoneInfo(name)


def read_vocabulary(path: Path | None = None) -> Vocabulary:
    """A roles file over the shipped one; the shipped one alone without a path.

    Raises ConfigError that names file, line and key, and what to write instead.
    """
    shipped = _read(SHIPPED / "roles.toml")[0]
    if path is None:
        return shipped
    own, text = _read(path)
    if own.shipped:
        own = msgspec.structs.replace(own, role={**shipped.role, **own.role})
    for key, message, hint in _faults(own):
        raise ConfigError(f"{'.'.join(key)}: {message}", path=str(path), line=_line_of(text, key), hint=hint)
    return own


def _faults(said: Vocabulary) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What a file of the right form can still get wrong: the key, what is wrong with it, and what to do."""
    try:
        zone(said.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = "write one as in Europe/Berlin; where the system knows none, install tzdata"
        yield ("timezone",), f"no time zone is called {said.timezone!r}", hint
    if MEMBER in said.role:
        yield ("role", MEMBER), "this role is there already", f"every role is within {MEMBER} unless it says otherwise"
    for name, role in said.role.items():
        for other in role.within:
            if other != MEMBER and other not in said.role:
                hint = nearest(other, said.role, f"one of: {', '.join(said.role)}")
                yield ("role", name, "within"), f"no role is called {other}", hint
            elif name in said.around(other):
                yield ("role", name, "within"), f"{name} is within itself", "take out one of the two"


def _read(path: Path) -> tuple[Vocabulary, str]:
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise ConfigError("larger than 1 MB", path=str(path), line=1, hint="keep only what is needed")
        text = data.decode()
        said: Any = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path), hint="name a file of roles") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", path=str(path), line=line, hint="save it as UTF-8") from error
    except RecursionError as error:
        raise ConfigError("it is nested too deeply", path=str(path), line=1, hint="nothing real needs that") from error
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(where[1]), int(where[2])) if where else (text.count("\n") + 1, 0)
        message = re.sub(r" \(at .*\)$", "", str(error))
        raise ConfigError(f"not TOML: {message}", path=str(path), line=line, column=column) from error
    try:
        return msgspec.convert(said, Vocabulary), text
    except msgspec.ValidationError as error:
        raise _explained(said, path, text) from error


def _explained(said: dict[str, Any], path: Path, text: str) -> ConfigError:
    """The first thing that is wrong. The error of the whole does not tell which role it is in: each is tried on its own."""
    roles = said["role"] if isinstance(said.get("role"), dict) else {}
    named = [(("role", name), name, Name) for name in roles]
    parts = [*named, *((("role", name), role, Role) for name, role in roles.items()), ((), said, Vocabulary)]
    for key, value, form in parts:
        try:
            msgspec.convert(value, form)
        except msgspec.ValidationError as error:
            message, _, inner = str(error).partition(" - at ")
            if unknown := re.match(r"Object contains unknown field `(.*)`", message):
                words = [field.name for field in msgspec.structs.fields(form)]
                hint = nearest(unknown[1], words, f"one of: {', '.join(words)}")
                return _wrong((*key, unknown[1]), "unknown key", hint, path, text)
            steps = (*key, *re.findall(r"\.(\w+)", inner))
            hint = _HINTS.get(steps[-1] if steps else "", "docs/policies.md shows a roles file")
            return _wrong(steps, message[:1].lower() + message[1:].replace("`", ""), hint, path, text)
    raise AssertionError("the whole is wrong, but none of its parts")


def _wrong(key: tuple[str, ...], message: str, hint: str, path: Path, text: str) -> ConfigError:
    named = f"{'.'.join(key)}: {message}" if key else message
    return ConfigError(named, path=str(path), line=_line_of(text, key), hint=hint)


def _line_of(text: str, key: tuple[str, ...]) -> int:
    """The line of a key, else of the table it is in, else 1."""
    best, depth = 1, 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            here = table = tuple(p.strip(" \"'") for p in header[1].split("."))
        elif pair := re.match(r"\s*([\w\"'.-]+)\s*=", line):
            here = (*table, *(p.strip(" \"'") for p in pair[1].split(".")))
        else:
            continue
        if here == key[: len(here)] and len(here) > depth:
            best, depth = number, len(here)
    return best


def _quoted(text: str) -> str:
    """A Cedar string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
