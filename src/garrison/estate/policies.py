"""Policies as one form: statements of values, whoever wrote them and however.

The grammar is that of IAM's JSON policies ("Grammar of the IAM JSON policy language", AWS IAM User Guide); Terraform's
`aws_iam_policy_document` says the same in blocks.
"""

from __future__ import annotations

import enum
import re
from functools import cached_property
from typing import Any

import msgspec

from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Body, Place, State, Value, absent, deciders, known, unknown

_HOLE = "\x01"
# Conditions on these say how a request is made, not by whom: with them alone a statement stays open to everybody.
# Amazon S3 names the keys that do tell ("The meaning of public", Amazon S3 User Guide).
_TELLS_NOTHING = (
    r"(?i)^(aws:(securetransport|referer|useragent|currenttime|epochtime|requestedregion|principaltype|tokenissuetime)"
    r"|s3:(tlsversion|prefix|delimiter|max-keys|x-amz-.*|signatureversion|signatureage|authtype|existingobjecttag/.*)"
    r"|kms:(viaservice|encryptioncontext.*))$"
)
_EVERYTHING = r"\*+|arn:\*|arn:[^:]*:\*(:\*)*"
_OWN_ACCOUNT = "AWS::AccountId"  # CloudFormation's name for the account it deploys to
_ACCOUNT = r"^(\d{12}|arn:[^:]*:(iam|sts)::\d{12}:.+)$"
_ANYONE = ("*", "0.0.0.0/0", "::/0", "arn:aws:iam::*:*", "arn:*")


class PrincipalType(enum.StrEnum):
    """What kind of caller an identifier names; `"*"` alone means all of them, and counts as an AWS one."""

    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL = "CanonicalUser"


class Statement(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One statement. A field that is absent was not said; collections are flat."""

    place: Place | None
    effect: Value
    callers: dict[PrincipalType, Value]
    not_principals: Value  # every identifier, whatever its type
    actions: Value
    not_actions: Value
    resources: Value
    not_resources: Value
    conditions: Value  # a mapping (operator -> key -> values), or Terraform's condition blocks

    @cached_property
    def principals(self) -> Value:
        """Every identifier, whatever its type."""
        return _joined(tuple(self.callers.values()), self.place)

    @property
    def accounts(self) -> Value:
        """AWS accounts, users and roles; `*` for everybody."""
        return self._callers(PrincipalType.AWS)

    @property
    def services(self) -> Value:
        """AWS services: `sagemaker.amazonaws.com`."""
        return self._callers(PrincipalType.SERVICE)

    @property
    def federated(self) -> Value:
        """Identity providers: the ARN of an OIDC or SAML provider, or a name such as `accounts.google.com`."""
        return self._callers(PrincipalType.FEDERATED)

    def _callers(self, kind: PrincipalType) -> Value:
        return self.callers.get(kind, absent(self.place))

    @cached_property
    def clauses(self) -> tuple[Condition, ...]:
        """The conditions, one by one; they must all hold."""
        return conditions(self.conditions)

    @cached_property
    def allows(self) -> Truth:
        """Whether its effect is Allow."""
        truth = self.effect.equals("Allow")
        return Truth(True) if truth.yes else truth  # that it allows is no evidence of what it opens

    @property
    def conditional(self) -> Truth:
        """Whether it holds only under a condition."""
        return self.conditions.given()

    @cached_property
    def narrowed(self) -> Truth:
        """Whether a condition tells who may use it: an account, an organisation, a network, a source."""
        return any_of(c.names_callers for c in self.clauses)

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether it allows something to everybody, and no condition tells to whom."""
        anyone = self.accounts.any(lambda p: _spans(p, r"\*+")) | self.not_principals.given()
        return self.allows & anyone & ~self.narrowed

    @cached_property
    def names_account(self) -> Truth:
        """Whether it names an account, or something in one, by its number."""
        return self.accounts.any(_is_numbered)

    def permits(self, action: str) -> Truth:
        """Whether it allows an action, on some resource, under whatever condition. `action` is `service:Name`."""
        return self.allows & self.names(action)

    def names(self, action: str) -> Truth:
        """Whether it speaks of an action, to allow or to deny it; IAM ignores the case of actions."""
        others = self.not_actions.given() & ~self.not_actions.any(lambda a: covers(a, action, ignore_case=True))
        return self.actions.any(lambda a: covers(a, action, ignore_case=True)) | others

    def has_condition_on(self, *keys: str) -> Truth:
        """Whether a condition asks one of the keys (`sts:ExternalId`), whatever it wants of it."""
        wanted = tuple(k.lower() for k in keys)
        return any_of(c.key.test(lambda said: isinstance(said, str) and said.lower() in wanted) for c in self.clauses)

    @cached_property
    def every_action(self) -> Truth:
        """Whether it names every action there is."""
        return self.actions.any(lambda a: a.matches(r"^\*+(:\*+)?$"))

    @cached_property
    def every_resource(self) -> Truth:
        """Whether it names every resource, or all but some."""
        return self.resources.any(lambda r: _spans(r, _EVERYTHING)) | self.not_resources.given()

    def every_resource_of(self, service: str, kind: str = "") -> Truth:
        """Whether it names every resource of a service (`s3`), or all of one kind in it (`iam`, `role/`)."""
        pattern = rf"{_EVERYTHING}|arn:[^:]*:{service}:[^:]*:[^:]*:({kind})?\*+(/\*+)?"
        return self.resources.any(lambda r: _spans(r, pattern)) | self.not_resources.given()

    @cached_property
    def grants_everything(self) -> Truth:
        """Whether it allows every action on every resource, under no condition: full administration."""
        truth = self.allows & self.every_action
        return truth if truth.no else truth & self.every_resource & ~self.conditional


class Condition(msgspec.Struct, frozen=True, eq=False):
    """One condition: all of a statement's conditions must hold, one of its values is enough."""

    operator: Value
    key: Value
    values: Value

    @property
    def names_callers(self) -> Truth:
        """Whether it admits only some callers.

        Operators with "not" admit all others. Those that end in IfExists, and ForAllValues, admit whoever does not
        have the key at all, as anonymous callers do not.
        """
        admits_others = self.operator.matches(r"(?i)not|^null$|^numeric|^date|ifexists$|^forallvalues")
        tells = self.key.given() & ~self.key.matches(_TELLS_NOTHING)
        return tells & ~admits_others & ~self.values.any(lambda v: v.one_of(_ANYONE))


def conditions(said: Value) -> tuple[Condition, ...]:
    """A statement's conditions, in either form: operator -> key -> values, or Terraform's blocks."""
    found: list[Condition] = []
    for block in said.items():
        if block.state is not State.KNOWN or not isinstance(block.content, Body):
            found.append(Condition(block, block, block))
        elif "variable" in block.content.keys():
            found.append(Condition(block.child("test"), block.child("variable"), block.child("values")))
        else:
            for operator, keys in block.content.items():
                found += _asked(known(operator, keys.place), keys)
    hidden = said if said.state is State.UNKNOWN else said.rest
    return (*found, Condition(hidden, hidden, hidden)) if hidden is not None else tuple(found)


def _asked(operator: Value, keys: Value) -> list[Condition]:
    if keys.state is not State.KNOWN or not isinstance(keys.content, Body):
        return [Condition(operator, keys, keys)]
    return [Condition(operator, known(key, values.place), values) for key, values in keys.content.items()]


def _is_numbered(principal: Value) -> Truth:
    """Whether it is an account, or something in one, by its number; what is declared here is known to be ours."""
    parts = principal.content if isinstance(principal.content, tuple) else ()
    if any(part.ref is not None or part.decided_by == _OWN_ACCOUNT for part in (principal, *parts)):
        return Truth(False, (principal,))
    return principal.matches(_ACCOUNT)


def covers(pattern: Value, wanted: str, *, ignore_case: bool = False) -> Truth:
    """Whether a pattern of IAM (`*` any characters, `?` one) covers a name.

    The known parts of an unknown pattern may already rule it out.
    """
    want = wanted.lower() if ignore_case else wanted

    def fits(text: str) -> bool:
        return _glob(text.lower() if ignore_case else text, want)

    if pattern.state is State.UNKNOWN and isinstance(pattern.content, tuple):
        shape = "".join(p.content if isinstance(p.content, str) else "*" for p in pattern.content)
        if not fits(shape):
            return Truth(False, (pattern,))
    return pattern.test(lambda said: isinstance(said, str) and fits(said))


def _spans(said: Value, pattern: str) -> Truth:
    """Whether a text has the form of a pattern, where what is not known of it may be a `*` or a word.

    What another resource decides (an account, a name) is a word.
    """
    whole = re.compile(f"(?:{pattern})$").match
    if said.state is not State.UNKNOWN:
        return said.test(lambda text: isinstance(text, str) and whole(text) is not None)
    parts = said.content if isinstance(said.content, tuple) else (said,)
    words = "".join(p.content if isinstance(p.content, str) else "x" for p in parts)
    stars = "".join(p.content if isinstance(p.content, str) else "x" if p.ref is not None else "*" for p in parts)
    answers = {whole(words) is not None, whole(stars) is not None}
    return Truth(answers.pop() if len(answers) == 1 else None, (said,))


def _glob(pattern: str, text: str) -> bool:
    """In time linear in both: a regular expression made of a stranger's pattern may not be."""
    p = t = 0
    star, mark = -1, 0
    while t < len(text):
        if p < len(pattern) and pattern[p] == "*":
            star, mark = p, t
            p += 1
        elif p < len(pattern) and pattern[p] in ("?", text[t]):
            p, t = p + 1, t + 1
        elif star >= 0:
            mark += 1
            p, t = star + 1, mark
        else:
            return False
    return not pattern[p:].strip("*")


def statements(policy: Value) -> tuple[Statement, ...]:
    """The statements of a policy said as text, as a mapping, as a list of either, or as `aws_iam_policy_document`."""
    found: list[Statement] = []
    for document in _documents(policy):
        if document.state is State.UNKNOWN or not isinstance(document.content, Body):
            found.append(_opaque(document))
            continue
        upper = "Statement" in document.content.keys()
        said = document.child("Statement" if upper else "statement")
        found += [_statement(s, upper=upper) for s in said.items()]
        if said.rest is not None or said.state is State.UNKNOWN:
            found.append(_opaque(said if said.rest is None else said.rest))
        for key in ("source_policy_documents", "override_policy_documents"):
            found += statements(document.child(key))
    return tuple(found)


def _documents(policy: Value) -> list[Value]:
    """Each document of a policy; nothing for one that is not there."""
    if policy.state is State.ABSENT:
        return []
    if policy.state is State.KNOWN and isinstance(policy.content, tuple):
        found = [d for item in policy.content for d in _documents(item)]
        return found if policy.rest is None else [*found, policy.rest]
    return [parsed(policy)]


def _statement(said: Value, *, upper: bool) -> Statement:
    if said.state is not State.KNOWN:
        return _opaque(said)
    if upper:
        callers, excluded = _callers(said.child("Principal")), _callers(said.child("NotPrincipal"))
        names = ("Action", "NotAction", "Resource", "NotResource", "Condition")
        effect = said.child("Effect")
    else:
        callers, excluded = _caller_blocks(said.child("principals")), _caller_blocks(said.child("not_principals"))
        names = ("actions", "not_actions", "resources", "not_resources", "condition")
        effect = said.child("effect").or_default("Allow", "the default of aws_iam_policy_document")
    action, not_action, resource, not_resource = (_listed(said.child(n)) for n in names[:4])
    return Statement(
        said.place,
        effect,
        callers,
        _joined(tuple(excluded.values()), said.place),
        action,
        not_action,
        resource,
        not_resource,
        said.child(names[4]),
    )


def _callers(said: Value) -> dict[PrincipalType, Value]:
    """`"*"`, or a mapping of types to identifiers."""
    if said.state is State.ABSENT:
        return {}
    if said.state is State.KNOWN and isinstance(said.content, Body):
        found = {t: _listed(ids) for t in PrincipalType if (ids := said.child(t)).state is not State.ABSENT}
        return found or dict.fromkeys(PrincipalType, unknown("no type of principal is known here", said.place))
    return {PrincipalType.AWS: said} if said.state is State.KNOWN else dict.fromkeys(PrincipalType, said)


def _caller_blocks(said: Value) -> dict[PrincipalType, Value]:
    """The `principals` blocks of `aws_iam_policy_document`: a type and its identifiers each."""
    found: dict[PrincipalType, list[Value]] = {}
    for block in said.items():
        type_ = block.child("type")
        named = "AWS" if type_.text() == "*" else type_.text()
        types = [PrincipalType(named)] if named in frozenset(PrincipalType) else list(PrincipalType)
        for each in types:
            found.setdefault(each, []).append(_listed(block.child("identifiers")) if len(types) == 1 else type_)
    if (hidden := said if said.state is State.UNKNOWN else said.rest) is not None:
        for each in PrincipalType:
            found.setdefault(each, []).append(hidden)
    return {each: _joined(tuple(values), said.place) for each, values in found.items()}


def _joined(values: tuple[Value, ...], place: Place | None) -> Value:
    """Several collections as one; absent where nothing is said."""
    if len(values) == 1:
        return values[0]
    found: list[Value] = []
    rest: Value | None = None
    for value in values:
        found += value.items()
        hidden = value if value.state is State.UNKNOWN else value.rest
        rest = hidden if rest is None else rest
    if not found:
        return rest if rest is not None else absent(place)
    return Value(State.KNOWN, tuple(found), found[0].place or place, rest=rest)


def _listed(said: Value) -> Value:
    """One identifier that is known only at deploy time is still one: whose it is, or what it begins with, may decide."""
    if said.state is State.UNKNOWN and (said.ref is not None or said.content):
        return Value(State.KNOWN, (said,), said.place)
    return said


def _opaque(value: Value) -> Statement:
    """A statement of which nothing is known."""
    hidden = unknown(value.reason or "the policy cannot be read here", value.place, decided_by=value.decided_by)
    callers = dict.fromkeys(PrincipalType, hidden)
    return Statement(value.place, hidden, callers, hidden, hidden, hidden, hidden, hidden, hidden)


def parsed(policy: Value) -> Value:
    """JSON text to what it means. A hole in it stays one unknown text and does not spoil the rest."""
    if isinstance(policy.content, Body):
        return policy
    pieces = policy.content if isinstance(policy.content, tuple) else (policy,)
    if policy.content is None or not all(isinstance(p.content, str) or p.state is State.UNKNOWN for p in pieces):
        return policy
    text = "".join(
        p.content if p.state is State.KNOWN else f"{_HOLE}{n}{_HOLE}".replace(_HOLE, "\\u0001")
        for n, p in enumerate(pieces)
    )
    try:
        return _structure(msgspec.json.decode(text), pieces, policy)
    except (msgspec.DecodeError, RecursionError):
        if policy.state is State.KNOWN:
            return unknown("the policy is not JSON", policy.place)
        return policy


def _structure(data: Any, pieces: tuple[Value, ...], whole: Value) -> Value:
    if isinstance(data, dict):
        return known(Body.of({k: _structure(v, pieces, whole) for k, v in data.items()}, whole.place), whole.place)
    if isinstance(data, list):
        return known(tuple(_structure(d, pieces, whole) for d in data), whole.place)
    if isinstance(data, str) and _HOLE in data:
        parts = tuple(
            pieces[int(piece)] if n % 2 else known(piece, whole.place)
            for n, piece in enumerate(data.split(_HOLE))
            if n % 2 or piece
        )
        if len(parts) == 1:
            return parts[0]
        return unknown(parts[0].reason or "parts are decided later", whole.place, parts, deciders(parts))
    return absent(whole.place) if data is None else known(data, whole.place)
