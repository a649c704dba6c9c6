"""What becomes of a message, and why: the same keys, policies and schemas as of requests. Nothing is written here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.errors import ConfigError, UsageError
from garrison.gateway.batch.queue import Message
from garrison.gateway.envoy.bounds import of_caller, of_model
from garrison.gateway.envoy.plan import mounts_of
from garrison.gateway.file import batch as rules
from garrison.gateway.file.read import Loaded
from garrison.gateway.keys.secret import digest_of
from garrison.gateway.keys.store import Active, Store
from garrison.policy.actions import Action

if TYPE_CHECKING:
    from garrison.policy.decide import Judge as PolicyJudge

KEYS: Final = "keys.db"  # in the state folder, where `garrison keys` makes it
_BEARER: Final = "bearer "
Check = Callable[[bytes], str]  # what is wrong with a body; empty if nothing is


class NotJudgedError(Exception):
    """A validator failed: what it was to judge is refused."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is a word for programs, `message` says it for people; both are empty for what is accepted."""

    client: str = ""
    role: str = ""
    reason: str = ""
    message: str = ""

    @property
    def accepted(self) -> bool:
        """Whether a model server may read it."""
        return not self.reason


class Judge:
    """The rules of one gateway file."""

    def __init__(self, loaded: Loaded) -> None:
        """Raises ConfigError."""
        from garrison.gateway.planning import policies_of
        from garrison.policy.decide import Judge as PolicyJudge
        from garrison.policy.request import Model

        gateway = loaded.gateway
        if gateway.batch is None or gateway.identity.keys is None:
            missing = "batch" if gateway.batch is None else "identity.keys"
            raise ConfigError(
                f"there is no [{missing}]", path=str(loaded.path), hint=f"add [{missing}]: see docs/batch.md"
            )
        rules.hold(loaded)
        self.loaded, self.batch, self.header = loaded, gateway.batch, gateway.identity.keys.header
        named = gateway.identity.keys.file
        self._store = loaded.beside(named) if named else loaded.state / KEYS
        models = [Model(name, frozenset(model.labels)) for name, model in gateway.model.items()]
        self._policies: PolicyJudge = PolicyJudge(policies_of(loaded), models)
        self._checks = _checks(loaded)
        self._keys: tuple[int, dict[str, Active]] = (-1, {})

    @property
    def credentials(self) -> frozenset[str]:
        """Headers that never go on."""
        return frozenset({self.header, "authorization"})

    def verdict(self, message: Message, used: Mapping[str, int], now: dt.datetime) -> Verdict:
        """Judge a message; `used` is how many of each client were accepted today. Raises StoreError: then none can be made."""
        key = self._caller(message.headers, now)
        if key is None:
            return Verdict(reason="no-credential", message="the message carries no valid key")
        who = Verdict(client=key.client, role=key.role)
        if (reason := self._refused(message, key, used, now)) is None:
            return who
        return msgspec.structs.replace(who, reason=reason[0], message=reason[1])

    def _refused(
        self, message: Message, key: Active, used: Mapping[str, int], now: dt.datetime
    ) -> tuple[str, str] | None:
        if message.model not in self.loaded.gateway.model:
            return "unknown-model", "there is no such model"
        if not self._may(message, key, now):
            return "denied", "this client may not do this"
        gateway = self.loaded.gateway
        size_kb = of_model(gateway, message.model).and_(of_caller(gateway, key.role, key.client)).request_kb
        if len(message.body) > size_kb * 1024:
            return "too-large", f"the message is larger than {size_kb} KB"
        if used.get(key.client, 0) >= self.batch.per_day:
            return "quota", f"this client has had its {self.batch.per_day:,} messages of today"
        try:
            wrong = self._checks[message.model](message.body)
        except NotJudgedError:
            return "gateway-error", "the gateway failed, and refuses what it cannot check"
        return ("invalid", wrong) if wrong else None

    def _caller(self, headers: Mapping[str, str], now: dt.datetime) -> Active | None:
        key = headers.get(self.header, "")
        said = headers.get("authorization", "")
        if not key and said.lower().startswith(_BEARER):
            key = said[len(_BEARER) :]
        found = self._active(now).get(digest_of(key)) if key else None
        return found if found is not None and found.expires > now.timestamp() else None

    def _active(self, now: dt.datetime) -> dict[str, Active]:
        with Store(self._store) as store:
            generation = store.generation
            if generation != self._keys[0]:
                self._keys = generation, {key.digest: key for key in store.active(now)}
        return self._keys[1]

    def _may(self, message: Message, key: Active, now: dt.datetime) -> bool:
        from garrison.policy.request import Request

        asked = Request(
            client=key.client,
            role=key.role,
            action=Action.INFER,
            model=message.model,
            now=now,
            method="PUBLISH",
            path=f"/{self.batch.requests}/{message.model}",
            protocol="nats",
            size_bytes=len(message.body),
        )
        try:
            return self._policies.decide(asked).allowed
        except (UsageError, ValueError):  # a role that is not listed any more
            return False


def _checks(loaded: Loaded) -> dict[str, Check]:
    """For each model, what holds its messages to its schema: the same Lua as in Envoy."""
    return {name: _check(loaded, name) for name in loaded.gateway.model}


def _check(loaded: Loaded, name: str) -> Check:
    from garrison.gateway import validation
    from garrison.gateway.protocols.route import Body, ModelIn
    from garrison.gateway.validation.contract import Contract, load

    model = loaded.gateway.model[name]
    contract = load(loaded.beside(model.schema)) if model.schema else Contract(schema=True)
    limits = validation.Limits(size_bytes=(model.limits.request_kb or loaded.gateway.limits.request_kb) * 1024)
    routes = [route for mount in mounts_of(loaded) if name in mount.models for route in mount.protocol.routes]
    inferring = [route for route in routes if route.action is Action.INFER]
    if any(route.model is ModelIn.BODY for route in inferring):
        code = validation.completion_validator(schema=contract.schema, where=contract.where, limits=limits)
        return _named(_lua(code), name)
    tensors = any(route.body is Body.TENSORS for route in inferring)
    code = validation.contract_validator(contract, tensors=tensors, json_outputs=False, limits=limits)
    validate = _lua(code)
    return lambda body: _message(validate(body))


def _named(validate: Callable[[bytes], object], name: str) -> Check:
    """Bodies that name their model must name the one of their subject."""

    def check(body: bytes) -> str:
        answer = validate(body)
        if wrong := _message(answer):
            return wrong
        found = answer[1][b"model"] if isinstance(answer, tuple) else None
        return "" if found == name.encode() else "/model: the message is about another model than its subject"

    return check


def _message(answer: object) -> str:
    """What a validator says is wrong: it answers true, or false and a message."""
    sound, rest = answer if isinstance(answer, tuple) else (answer, b"")
    return "" if sound is True else bytes(rest or b"the message is not valid").decode("utf-8", "replace")


def _lua(code: str) -> Callable[[bytes], object]:
    """A validator as a function. Raises NotJudgedError for an error that is not the body's fault."""
    import lupa.luajit21 as lupa

    from garrison.gateway.validation import prelude

    runtime = lupa.LuaRuntime(encoding=None, unpack_returned_tuples=True, register_eval=False)
    made = runtime.execute(f"{prelude()}return {code}".encode())

    def validate(body: bytes) -> object:
        try:
            return made(body)
        except lupa.LuaError as error:
            raise NotJudgedError(str(error)) from error

    return validate
