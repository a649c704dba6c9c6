"""States that hold arrays and sketches, as bytes and back (MessagePack). What was written is read after a restart, or by another node."""

from __future__ import annotations

from typing import Any, TypeVar

import datasketches
import msgspec
import numpy as np

T = TypeVar("T")


def dumped(state: object) -> bytes:
    """A state as bytes."""
    return msgspec.msgpack.encode(state, enc_hook=_written)


def loaded(data: bytes, kind: type[T]) -> T:
    """A state again. Raises msgspec.MsgspecError for what is none."""
    return msgspec.msgpack.decode(data, type=kind, dec_hook=_read)


def _written(value: Any) -> bytes:
    if isinstance(value, np.ndarray):
        return value.astype("<f4").tobytes()
    if isinstance(value, datasketches.hll_sketch):
        return bytes(value.serialize_compact())
    if isinstance(value, datasketches.kll_floats_sketch):
        return bytes(value.serialize())
    raise NotImplementedError(f"{type(value)} is no part of a state")


def _read(kind: type, data: Any) -> Any:
    try:
        if kind is np.ndarray:
            return np.frombuffer(data, "<f4").astype(np.float64)
        return kind.deserialize(data)  # type: ignore[attr-defined]
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        raise ValueError(f"no {kind.__name__}: {error}") from None
