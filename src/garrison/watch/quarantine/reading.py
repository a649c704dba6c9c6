"""What stands in the quarantine: how much and why, for anybody; the lines, for who has the key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from garrison.errors import ConfigError
from garrison.watch.quarantine.quarantine import identity, segments
from garrison.watch.quarantine.segment import Head, frames, sealed_key, unseal


class Kept(msgspec.Struct, frozen=True):
    """A line, and why it is no event. `at` is its name: the segment and its number there."""

    at: str
    head: Head
    line: bytes
    reason: str


class Sum(msgspec.Struct, frozen=True):
    """How many lines there are of an input, a format and a reason, and since when."""

    input: str
    form: str
    why: str
    lines: int
    bytes: int
    since_us: int
    until_us: int


def sums(folder: Path) -> list[Sum]:
    """What there is, the most first. It takes no key."""
    count: Counter[tuple[str, str, str]] = Counter()
    size: Counter[tuple[str, str, str]] = Counter()
    times: dict[tuple[str, str, str], list[int]] = {}
    for path in segments(folder):
        for frame in frames(_data(path)):
            key = frame.head.input, frame.head.form, frame.head.why
            count[key] += 1
            size[key] += frame.head.size_bytes
            times.setdefault(key, []).append(frame.head.time_us)
    return [Sum(*key, n, size[key], min(times[key]), max(times[key])) for key, n in count.most_common()]


def lines(folder: Path, key_file: Path) -> Iterator[Kept]:
    """All lines, the oldest first. Raises ConfigError for a key that is another's, or a file that was changed."""
    import pyrage

    own = identity(key_file)
    for path in segments(folder):
        data = _data(path)
        try:
            key = bytes(pyrage.decrypt(sealed_key(data), [own]))
            for frame in frames(data):
                body = unseal(key, frame)
                yield Kept(f"{path.stem}:{frame.number}", frame.head, body.line, body.reason)
        except (pyrage.DecryptError, ValueError) as error:
            raise ConfigError(
                f"cannot be read: {error}", path=str(path), hint="name the key whose recipient [quarantine] says"
            ) from error


def _data(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", path=str(path), hint="see who may read it") from error
