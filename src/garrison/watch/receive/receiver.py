"""All inputs of a watch in one process: what they take is in a spool when it is acknowledged, and a thread stores it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from garrison.errors import GarrisonError
from garrison.watch.file.hold import models_key, references
from garrison.watch.file.read import Loaded
from garrison.watch.key import make_key
from garrison.watch.quarantine.quarantine import Quarantine
from garrison.watch.receive.input import Around, InputSettings
from garrison.watch.receive.inputs import inputs
from garrison.watch.receive.intake import SpoolIntake
from garrison.watch.redact.redactor import Redactor
from garrison.watch.run.process import Saying
from garrison.watch.run.told import Input, Received, Spooled, Telling
from garrison.watch.spool import Spool
from garrison.watch.store import samples
from garrison.watch.store.keeper import Keeper
from garrison.watch.store.rows import COLUMNS

if TYPE_CHECKING:
    from garrison.watch.models.sketching import Sketching

NAME: Final = "receive"
_SHORTEST_S, _LONGEST_S = 0.25, 10.0  # between two starts of an input that cannot receive
_SWEEP_S: Final = 600.0


class Receiver:
    """What a watch file says, ready to receive."""

    def __init__(self, loaded: Loaded) -> None:
        """Raises GarrisonError where a part of it cannot begin."""
        said, state = loaded.watch, loaded.state
        self._loaded, self._closing = loaded, contextlib.ExitStack()
        self._waits = dict.fromkeys((one.name for one in said.input), "")
        self._keeper_saying = Saying("the store")
        with contextlib.ExitStack() as opening:
            self._spools = {
                name: opening.enter_context(
                    Spool.open(state / "spool" / name, COLUMNS, max_bytes=said.watch.spool_mb << 20)
                )
                for name in sorted({one.retention for one in said.input} | set(_left(state / "spool")))
            }
            self._samples = opening.enter_context(Spool.open(state / "samples", samples.COLUMNS))
            self._quarantine = Quarantine.open(state / "quarantine", said.quarantine)
            opening.callback(self._quarantine.close)
            self.intake = self._make_intake()
            opening.callback(self.intake.close)
            self._closing = opening.pop_all()
        self.keeper = Keeper(
            self._spools,
            loaded.store,
            loaded.ledger,
            self._keeper_waits,
            samples=self._samples,
            classes=loaded.retention,
        )

    def run(self, ended: threading.Event) -> None:
        """Receive until `ended`; what was received then is stored, if the store takes it in time."""
        drain_s = self._loaded.watch.watch.drain_s
        keeping = threading.Thread(target=self.keeper.run, args=(stopped := threading.Event(), drain_s), name="keeper")
        with self._closing, Telling(self._loaded.state, NAME, self._told):
            keeping.start()
            try:
                asyncio.run(self._receive(ended))
            finally:
                stopped.set()
                keeping.join()

    def _make_intake(self) -> SpoolIntake:
        said, state = self._loaded.watch, self._loaded.state
        key_file = said.redaction.key_file
        key = make_key(self._loaded.beside(key_file) if key_file else state / "redaction.key")
        redactor = Redactor.make(said.redact, key, credentials=said.redaction.credentials)
        return SpoolIntake(
            {one.name: self._spools[one.retention] for one in said.input},
            redactor,
            self._quarantine,
            sketching=_sketching(self._loaded),
            keep_samples=lambda source, found: samples.keep(self._samples, source, found),
        )

    async def _receive(self, ended: threading.Event) -> None:
        tasks = [asyncio.create_task(self._serve(one)) for one in self._loaded.watch.input]
        tasks.append(asyncio.create_task(self._sweep()))
        await asyncio.to_thread(ended.wait)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, settings: InputSettings) -> None:
        """One input, begun again when it cannot go on; the others do."""
        one = inputs()[str(settings.__struct_config__.tag)]
        state = self._loaded.state / "inputs" / settings.name
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        around, saying, pause_s = Around(self.intake, state, self._loaded.beside), Saying(settings.name), _SHORTEST_S
        while True:
            self._waits[settings.name] = ""
            try:
                await one.serve(settings, around)
                why = "it has ended"
            except (GarrisonError, OSError) as error:
                why = str(error)
            except Exception:  # noqa: BLE001 - a defect of one input stops no other, and is told in full
                why = traceback.format_exc()
            self._waits[settings.name] = why
            saying.waits(why)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_S)

    async def _sweep(self) -> None:
        while True:
            await asyncio.to_thread(self._quarantine.sweep)
            await asyncio.sleep(_SWEEP_S)

    def _keeper_waits(self, why: str) -> None:
        if why:
            self._keeper_saying.waits(why)
        else:
            self._keeper_saying.goes_on()

    def _told(self) -> Received:
        counts = Counter(self.intake.counts)
        made = {
            one.name: Input(str(one.__struct_config__.tag), {}, self._waits[one.name])
            for one in self._loaded.watch.input
        }
        for (name, what), number in counts.items():
            made[name].counts[what.value] = number
        keeper = self.keeper
        return Received(
            inputs=made,
            spools={name: Spooled(spool.pending, spool.size_bytes) for name, spool in self._spools.items()},
            stored=keeper.stored,
            doubles=keeper.doubles,
            batches=dict(keeper.batches),
            stored_s=keeper.stored_s,
            waits=self._keeper_saying.why,
        )


def _sketching(loaded: Loaded) -> Sketching | None:
    """What sketches inferences, where models are watched."""
    if not loaded.watch.model:
        return None

    return Sketching(references(loaded), models_key(loaded))


def _left(folder: Path) -> Iterator[str]:
    """Retention classes that no input has any more, and of which events may still wait."""
    return (path.parent.name for path in folder.glob("*/position"))
