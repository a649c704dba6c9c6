"""Cedar policies: read from files, validated against the schema, each known by its file and line.

A policy that does not parse or does not validate is not loaded, and neither are those beside it (Cedar's reference, "Policy
validation": https://docs.cedarpolicy.com/policies/validation.html). A policy may carry `@id("...")`; it is `FILE:LINE` else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from garrison.errors import ConfigError, nearest
from garrison.policy.actions import Action
from garrison.policy.scope import Entity, Scope, scope_of
from garrison.policy.vocabulary import MEMBER, SHIPPED, Vocabulary

_SUFFIX: Final = ".cedar"
_MAX_BYTES: Final = 4_000_000
# What is nested more deeply overflows the stack of Cedar's parser, which ends the process.
_MAX_OPERATORS: Final = 200
_MAX_DEPTH: Final = 50
_PARSE_HINT: Final = 'a policy is: permit (principal in Role::"...", action == Action::"infer", resource) when { ... };'
_TOKEN = re.compile(
    r"""//[^\n]*|\s+|"(?:\\.|[^"\\])*"|::|&&|\|\||[=!<>]=|;|[\[({]|[\])}]|[^\s"/;:\[\](){}\w]|\w+|.""", re.DOTALL
)
_OPERATOR = re.compile(r"""(?!::)[^\w\s",;:)\]}@?]+|if|has|is|like|in""")
_SHOWN: Final = 10  # of names that there are, where none is like the one that is not
_LABELS: Final = {".": {"left": {"Var": "resource"}, "attr": "labels"}}


class Policy(msgspec.Struct, frozen=True):
    """One `permit` or `forbid`."""

    id: str
    path: str  # as the user named it
    line: int
    text: str
    scope: Scope
    names: tuple[Entity, ...]  # every entity that it names, anywhere
    labels: tuple[str, ...] = ()  # what it compares `resource.labels` with

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.path}:{self.line}"

    def __str__(self) -> str:
        return self.where if self.id == self.where else f"{self.where} ({self.id})"


class Policies(msgspec.Struct, frozen=True):
    """All policies that hold, and the words that they are written in."""

    vocabulary: Vocabulary
    policies: tuple[Policy, ...]

    def named(self, kind: str) -> frozenset[str]:
        """The ids of all entities of a type that any policy names."""
        return frozenset(e.id for p in self.policies for e in p.names if e.type == kind)


class _Statement(msgspec.Struct, frozen=True):
    """The text of a policy, and the file and line where it begins."""

    path: str
    line: int
    text: str

    def wrong(self, message: str, hint: str) -> ConfigError:
        return ConfigError(message, path=self.path, line=self.line, hint=hint)


def read_policies(paths: Iterable[Path], vocabulary: Vocabulary) -> Policies:
    """The policies of files and folders (`*.cedar`), and the shipped ones unless the roles file leaves them out.

    Raises ConfigError with the file, the line and what to do for the first that is not right.
    """
    try:
        import cedarpy
    except ImportError as error:
        raise ConfigError("policies are decided by cedarpy", hint="pip install 'garrison[gateway]'") from error

    statements: list[_Statement] = []
    if vocabulary.shipped:
        statements += _statements(SHIPPED / "policies.cedar", "garrison/policies.cedar")
    for path in paths:
        for file in _files(path):
            statements += _statements(file, str(file))
    written = vocabulary.schema()
    schema, attributes = cedarpy.Schema.from_str(written), {*vocabulary.claims, *re.findall(r"(\w+)\??:", written)}
    found: dict[str, Policy] = {}
    for statement in statements:
        body = _parsed(statement)
        _validate(statement, schema, vocabulary)
        policy = _policy(statement, body)
        _check_roles(statement, policy, vocabulary)
        _check_attributes(statement, body, attributes)
        if policy.id == policy.where in found:  # several on one line
            policy = msgspec.structs.replace(policy, id=f"{policy.where}#{len(found)}")
        elif policy.id in found:
            raise statement.wrong(f"{found[policy.id].where} has the id {policy.id} too", "give each its own @id")
        found[policy.id] = policy
    return Policies(vocabulary, tuple(found.values()))


def files_in(folder: Path) -> list[Path]:
    """The files of policies in a folder, and in those that are in it."""
    return sorted(path for path in folder.rglob(f"*{_SUFFIX}") if path.is_file())


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if not (found := files_in(path)):
        raise ConfigError(f"no {_SUFFIX} file is in this folder", path=str(path), hint="name another, or leave it out")
    return found


def _statements(file: Path, named: str) -> list[_Statement]:
    try:
        data = file.read_bytes()
        text = data.decode()
    except OSError as error:
        hint = "name a file or a folder of Cedar policies"
        raise ConfigError(f"cannot be read: {error.strerror}", path=named, hint=hint) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", path=named, line=line, hint="save it as UTF-8") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"larger than {_MAX_BYTES // 1_000_000} MB", path=named, hint="spread it over several files")
    return list(_split(text, named))


def _split(text: str, path: str) -> Iterator[_Statement]:
    """Policies end with a semicolon, which stands nowhere else but in strings and comments."""
    pieces: list[str] = []
    line = begins = 1
    depth = operators = 0
    for token in _TOKEN.finditer(text):
        said = token[0]
        if not pieces and (said.isspace() or said.startswith("//")):
            line += said.count("\n")
            continue
        begins = begins if pieces else line
        pieces.append(said)
        line += said.count("\n")
        depth += (said in "([{") - (said in ")]}")
        operators += _OPERATOR.fullmatch(said) is not None
        if depth > _MAX_DEPTH or operators > _MAX_OPERATORS:
            hint = "write [...].contains(x) in place of a chain of ||, or several policies"
            raise ConfigError("this policy is too long or too deep", path=path, line=begins, hint=hint)
        if said == ";":
            yield _Statement(path, begins, "".join(pieces))
            pieces, depth, operators = [], 0, 0
    if pieces:
        yield _Statement(path, begins, "".join(pieces))


def _parsed(statement: _Statement) -> dict[str, Any]:
    """Its JSON form (https://docs.cedarpolicy.com/policies/json-format.html)."""
    import cedarpy

    try:
        parsed: Any = json.loads(cedarpy.policies_to_json_str(statement.text))
    except ValueError as error:
        if "from JSON" in str(error):
            hint = "write [...].contains(x) in place of a chain of ||, or several policies"
            raise statement.wrong("this policy is too deep", hint) from error
        raise statement.wrong(f"not a Cedar policy: {error}", _PARSE_HINT) from error
    if parsed["templates"]:
        raise statement.wrong("a template with ?principal or ?resource", "name the role and the model instead")
    if len(parsed["staticPolicies"]) != 1:
        raise statement.wrong("not one policy", _PARSE_HINT)
    body: dict[str, Any]
    (body,) = parsed["staticPolicies"].values()
    return body


def _policy(statement: _Statement, body: dict[str, Any]) -> Policy:
    name = body.get("annotations", {}).get("id") or f"{statement.path}:{statement.line}"
    entities = {Entity(d["type"], d["id"]) for d in _objects(body) if isinstance(d.get("id"), str) and "type" in d}
    return Policy(
        id=name,
        path=statement.path,
        line=statement.line,
        text=statement.text,
        scope=scope_of(body),
        names=tuple(sorted(entities)),
        labels=tuple(sorted(set(_labels(body)))),
    )


def _labels(body: dict[str, Any]) -> Iterator[str]:
    """Labels that are said as text, as in `resource.labels.contains("restricted")`."""
    for found in _objects(body):
        match found:
            case {"left": left, "right": right} if _LABELS in (left, right):
                other = right if left == _LABELS else left
                yield from (d["Value"] for d in _objects(other) if isinstance(d.get("Value"), str))


def _objects(body: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON document."""
    left = [body]
    while left:
        here = left.pop()
        if isinstance(here, dict):
            yield here
            left += here.values()
        elif isinstance(here, list):
            left += here


def _validate(statement: _Statement, schema: Any, vocabulary: Vocabulary) -> None:
    import cedarpy

    for error in cedarpy.validate_policies(statement.text, schema).errors:
        message = error.error.removeprefix("for policy `policy0`, ")
        raise statement.wrong(message, _hint(message, vocabulary))


def _hint(message: str, vocabulary: Vocabulary) -> str:
    """What to do about something that Cedar's validator found."""
    if unknown := re.search(r"unrecognized action `Action::\"(.*)\"`", message):
        return nearest(unknown[1], Action, f"one of: {', '.join(Action)}")
    if unknown := re.search(r"attribute `claims\.(.*?)`.* not found", message):
        otherwise = f'declare it in the roles file: [claims] {unknown[1]} = "string"'
        return nearest(unknown[1], vocabulary.claims, otherwise)
    if optional := re.search(r"optional attribute `(?:(.*)\.)?(\w+)`", message):
        before = f"context.{optional[1]}" if optional[1] else "context"
        return f"ask first whether it is there: {before} has {optional[2]} && ..."
    if "applicable action" in message:
        return "principal is a Client or `in` a Role, resource is a Model or `in` a Label"
    if message.startswith("unrecognized entity type"):
        return "the types are Client, Role, Model, Label and Action"
    return "docs/policies.md tells what a policy can speak of"


def _check_roles(statement: _Statement, policy: Policy, vocabulary: Vocabulary) -> None:
    """The validator takes a role that is not listed: a `forbid` for it would never forbid, and nobody would know."""
    roles = [*vocabulary.role, MEMBER]
    for name in policy.names:
        if name.type == "Role" and name.id not in roles:
            hint = nearest(name.id, roles, f"one of: {', '.join(roles)}")
            raise statement.wrong(f"no role is called {name.id}", hint)


def _check_attributes(statement: _Statement, body: Any, attributes: Collection[str]) -> None:
    """The validator takes `has` for what nothing has, which is never true."""
    for found in _objects(body):
        match found:
            case {"has": {"attr": str(name)}} if name not in attributes:
                otherwise = f'if it is a claim, declare it in the roles file: [claims] {name} = "string"'
                raise statement.wrong(f"nothing has the attribute {name}", nearest(name, attributes, otherwise))
            case {"unknown": list()}:
                raise statement.wrong("unknown() is for Garrison alone", "compare with a value")


def unheard_of(policies: Policies, models: Collection[str], labels: Collection[str]) -> Iterator[str]:
    """What to say of models and labels that policies name and that are not there: misspelt, a `forbid` would forbid nothing.

    That is no error: several gateways may share a policy, and a model that has to go must not be kept by those that name it.
    """
    for policy in policies.policies:
        scope = (("Model", policy.scope.model), ("Label", policy.scope.label))
        named = {(entity.type, entity.id) for entity in policy.names} | {("Label", label) for label in policy.labels}
        for kind, name in sorted(named):
            known, missing = (models, "no model is called") if kind == "Model" else (labels, "no model has the label")
            if kind in ("Model", "Label") and name not in known:
                effect = "so this policy holds for nothing" if (kind, name) in scope else "which this policy names"
                hint = nearest(name, known, f"one of: {', '.join(sorted(known)[:_SHOWN])}" if known else "")
                yield f"{policy.where}: {missing} {name}, {effect}{f'; {hint}' if hint else ''}"
