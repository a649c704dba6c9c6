"""Models as they are used: events that carry sketches, and outcomes (docs/model-watch.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

import msgspec

from garrison.events.event import Event, Status
from garrison.events.mappers.garrison_outcome import LABEL as OUTCOME
from garrison.watch.alerts.signal import Signal
from garrison.watch.baselines.keep import dumped, loaded
from garrison.watch.judge.detector import MAX_NAME
from garrison.watch.judge.memory import Memory
from garrison.watch.models.follow import Asking, Followed, Watched, begin, observe, outcome, pause
from garrison.watch.models.sketching import unpacked

_MODEL: Final = "models/model/"
_CLIENT: Final = "models/client/"


class _Kept(msgspec.Struct, array_like=True):
    reference: bytes  # a digest of it
    followed: Followed


class ModelDetector:
    """By models that have a reference. Each of their clients is remembered under a name of its own: there may be thousands."""

    name = "models"

    def __init__(self, watched: Iterable[Watched], memory: Memory) -> None:
        self._watched = {model.name: model for model in watched}
        self._references = {name: _reference(model) for name, model in self._watched.items()}
        self.followed = {
            name: _recalled(memory, model, self._references[name]) for name, model in self._watched.items()
        }
        self._changed: set[str] = set()
        self._asked: set[tuple[str, str]] = set()

    def observe(self, event: Event, now_us: int) -> Iterable[Signal]:
        """An inference, or what came of one."""
        del now_us
        model = self._watched.get(event.model)
        if model is None:
            return ()
        followed = self.followed[model.name]
        if event.product == OUTCOME:
            self._changed.add(model.name)
            wrong = event.status_id is Status.FAILURE
            return outcome(followed, model.name, wrong=wrong, time_us=event.time_us)
        if not event.sketches:
            return ()
        client = event.actor_user[:MAX_NAME]
        self._changed.add(model.name)
        if client:
            self._asked.add((model.name, client))
        if client not in followed.clients and followed.clients:
            self._asked.add((model.name, next(iter(followed.clients))))  # it makes room, should there be none
        return observe(followed, model, unpacked(event.sketches), event.time_us, client)

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Windows that do not fill."""
        for name, model in self._watched.items():
            before = self.followed[name].window
            yield from pause(self.followed[name], model, now_us)
            if self.followed[name].window is not before:
                self._changed.add(name)

    def remember(self) -> dict[str, bytes | None]:
        """What is known of those that were used, and of the clients that asked."""
        changed: dict[str, bytes | None] = {
            f"{_MODEL}{name}": dumped(_Kept(self._references[name], _alone(self.followed[name])))
            for name in sorted(self._changed)
        }
        for name, client in sorted(self._asked):
            asking = self.followed[name].clients.get(client)
            changed[_clients(name) + client] = None if asking is None else dumped(asking)
        self._changed, self._asked = set(), set()
        return changed


def _clients(model: str) -> str:
    """What the names of a model's clients begin with: no other model's do."""
    return f"{_CLIENT}{quote(model, safe='')}/"


def _alone(followed: Followed) -> Followed:
    return msgspec.structs.replace(followed, clients={})


def _reference(model: Watched) -> bytes:
    return hashlib.blake2b(msgspec.json.encode(model.learnt.reference), digest_size=16).digest()


def _recalled(memory: Memory, model: Watched, reference: bytes) -> Followed:
    """What is remembered of a model; nothing, if what is ordinary for it was learnt anew."""
    said, prefix = memory.of(f"{_MODEL}{model.name}"), _clients(model.name)
    kept = loaded(said, _Kept) if said is not None else None
    asking = memory.under(prefix)
    if kept is None or kept.reference != reference:
        memory.note(dict.fromkeys(asking))
        return begin(model)
    clients = {name.removeprefix(prefix): loaded(data, Asking) for name, data in asking.items()}
    kept.followed.clients = dict(sorted(clients.items(), key=lambda one: one[1].client.last_us))
    return kept.followed
