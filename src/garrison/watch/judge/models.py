"""Models as they are used: events that carry sketches, and outcomes (docs/model-watch.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from garrison.events.event import Event, Status
from garrison.events.mappers.garrison_outcome import LABEL as OUTCOME
from garrison.watch.alerts.signal import Signal
from garrison.watch.models.follow import Followed, Watched, begin, observe, outcome, pause
from garrison.watch.models.sketching import unpacked

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Followed).decode


class ModelDetector:
    """By models that have a reference."""

    name = "models"

    def __init__(self, watched: Iterable[Watched], kept: Mapping[str, bytes]) -> None:
        self._watched = {model.name: model for model in watched}
        self.followed = {
            name: _decode(kept[f"models/{name}"]) if f"models/{name}" in kept else begin(model)
            for name, model in self._watched.items()
        }
        self._changed: set[str] = set()

    def observe(self, event: Event, now_us: int) -> Iterable[Signal]:
        """An inference, or what came of one."""
        del now_us
        model = self._watched.get(event.model)
        if model is None:
            return ()
        if event.product == OUTCOME:
            self._changed.add(model.name)
            wrong = event.status_id is Status.FAILURE
            return outcome(self.followed[model.name], model.name, wrong=wrong, time_us=event.time_us)
        if not event.sketches:
            return ()
        self._changed.add(model.name)
        return observe(self.followed[model.name], model, unpacked(event.sketches), event.time_us, event.actor_user)

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Windows that do not fill."""
        for name, model in self._watched.items():
            before = self.followed[name].window
            yield from pause(self.followed[name], model, now_us)
            if self.followed[name].window is not before:
                self._changed.add(name)

    def remember(self) -> dict[str, bytes | None]:
        """What is known of those that were used."""
        changed, self._changed = self._changed, set()
        return {f"models/{name}": _encode(self.followed[name]) for name in sorted(changed)}
