"""From lines of the gateway's audit feed to sketches: before anything of them is redacted, so that inputs need not be kept at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from garrison.errors import UnmappedError
from garrison.watch.models.inference import Inference, inference
from garrison.watch.models.learnt import Learnt
from garrison.watch.models.sketch import Sketch, Sketcher

FORMAT = "garrison-gateway"  # the one format of logs that tells what was asked and answered
_MARK = b'"output":'


class _Line(msgspec.Struct):
    model: str = ""
    input: str = ""
    output: str = ""


_line = msgspec.json.Decoder(_Line).decode
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Sketch]).decode


class Sketching:
    """References made ready. `refused` counts inferences that could not be sketched, by model and reason."""

    def __init__(self, references: Mapping[str, Learnt], key: bytes) -> None:
        self.refused: dict[tuple[str, str], int] = {}
        self._sketchers = {model: Sketcher(learnt.reference, key) for model, learnt in references.items()}

    def sketches(self, line: bytes) -> bytes:
        """The sketches of an inference that a line tells of, packed; nothing where it tells of none that is watched."""
        if not self._sketchers or _MARK not in line:
            return b""
        try:
            told = _line(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return b""  # no line of the feed: whoever maps it says so
        sketcher = self._sketchers.get(told.model)
        if sketcher is None or not told.input or not told.output:
            return b""
        try:
            return packed(sketcher.sketch(of_line(told.input, told.output)))
        except UnmappedError as error:
            why = told.model, error.message
            self.refused[why] = self.refused.get(why, 0) + 1
            return b""


def of_line(asked: str, answered: str) -> Inference:
    """An inference out of what was asked and answered. Raises UnmappedError."""
    return inference(asked.encode(), answered.encode())


def told_in(line: bytes, model: str) -> Inference | None:
    """The inference of a model that a line of the feed tells of; None where it tells of none. Raises UnmappedError."""
    try:
        told = _line(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UnmappedError(f"this is no line of the gateway's audit feed: {error}") from error
    return of_line(told.input, told.output) if told.model == model and told.input and told.output else None


def packed(sketches: Sequence[Sketch]) -> bytes:
    """Sketches as an event carries them (MessagePack)."""
    return _encode(sketches)


def unpacked(data: bytes) -> list[Sketch]:
    """Sketches of an event. Raises msgspec.MsgspecError for what is none."""
    return _decode(data)
