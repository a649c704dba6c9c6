"""Files that grow, are renamed, cut, copied and packed while they are read: which there are, and what of each is new.

What is written between a copy of a file and its cutting (`copytruncate`) is in neither; nothing else is lost, and what is read twice
is told at the same place.
"""

from __future__ import annotations

import contextlib
import glob
import logging
import os
import re
import stat
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from garrison.errors import BusyError, UnmappedError, UnreadableError
from garrison.events.mappers import Mapper
from garrison.watch.receive.documents import DOCUMENT_BYTES, broken, is_document, split
from garrison.watch.receive.grouping import HEAD_BYTES, Lines, Piece, group
from garrison.watch.receive.positions import Position, Positions, key, mark, new

_READ_BYTES = 256 << 10
_UNPACKED_BYTES = 8 << 30
_STILL_S = 1.0  # without a change, a copy is whole
_COPIED_S = 10.0  # after which it is no copy that grows
_LINGER_S = {True: 60.0, False: 5.0}  # after a file was renamed (somebody may write to it still), or removed
_BROKEN_S = 60.0  # that a document may be incomplete
_OPEN = 500  # at a time
_SLACK_NS = 2_000_000_000
_ROTATED = re.compile(r"[.-][0-9][0-9TZ._-]*(?:\.gz)?\Z")
_Key = tuple[int, int]

_log = logging.getLogger(__name__)


class _Seen(msgspec.Struct, frozen=True):
    """A file that is there."""

    path: str
    stat: os.stat_result
    is_live: bool  # by a name of the settings, not by one that it was renamed to

    @property
    def is_packed(self) -> bool:
        return self.path.endswith(".gz")

    @property
    def is_copy(self) -> bool:
        """Whether it may be, by its name."""
        return self.is_packed or _ROTATED.search(self.path) is not None


class Followed:
    """A file that is open. `position` is what is known to be on the disk of it, `next` what is when its pieces are."""

    def __init__(self, path: str, descriptor: int, position: Position, form: Mapper, *, whole: bool) -> None:
        self.path, self.descriptor, self.form, self.whole = path, descriptor, form, whole
        self.position = self.next = position
        self.is_live = True  # it stands where the settings say
        self.grown = time.monotonic()
        self._size = -1
        self._lines = Lines(position.read)
        head = os.pread(descriptor, HEAD_BYTES, 0)
        self._group = group(form, head)
        self._is_document = is_document(form, head)

    @property
    def end(self) -> int:
        """How far it was read."""
        return self._lines.end

    def is_due(self) -> bool:
        """Whether there may be something to read, or it has ended."""
        try:
            size = os.fstat(self.descriptor).st_size
            return size != (self.next.read if self._is_document else self.end) or self.ends()
        except OSError:
            return True  # reading it tells why

    def is_cut(self) -> bool:
        """Whether this is no longer the file that was read. Raises OSError."""
        size = os.fstat(self.descriptor).st_size
        return size < self._lines.end or not self.position.fits(self.descriptor, size)

    def read(self) -> list[Piece]:
        """What is new, if it is whole. Raises OSError."""
        size = os.fstat(self.descriptor).st_size
        if size != self._size:
            self.grown = time.monotonic()
        before, self._size = self._size, size
        if self._is_document:
            return self._document(size) if size == before or self.whole else []
        if size <= self._lines.end or self.is_cut():
            return self.rest() if self.whole and size == self._lines.end else []
        data = os.pread(self.descriptor, _READ_BYTES, self._lines.end)
        found = [piece for line in self._lines.feed(data) for piece in self._group.put(line)]
        self._mark(self._lines.at if self._group.since is None else self._group.since)
        return found

    def rest(self) -> list[Piece]:
        """What waits for more that does not come."""
        found = [piece for line in self._lines.rest() for piece in self._group.put(line)]
        found += self._group.rest()
        self._mark(self._lines.at)
        return found

    def ends(self) -> bool:
        """Whether nothing comes any more."""
        if self.whole:
            return self._lines.end >= self._size >= 0 or (self._is_document and self.next.read > 0)
        if self.is_live:
            return False
        is_named = os.fstat(self.descriptor).st_nlink > 0
        return time.monotonic() - self.grown > _LINGER_S[is_named]

    def _document(self, size: int) -> list[Piece]:
        if size <= self.next.read:
            return []
        try:
            found = split(self.form, data := os.pread(self.descriptor, DOCUMENT_BYTES + 1, 0))
        except UnmappedError as error:
            if not self.whole and self.is_live and time.monotonic() - self.grown < _BROKEN_S:
                return []  # it is written still
            found = list(broken(data, error.message))
        self._lines = Lines(size)
        self._mark(size)
        return found

    def _mark(self, read: int) -> None:
        digest = mark(self.descriptor, read)
        if digest:  # else it was cut meanwhile, and what was read of it is found in its copy, at the same place
            self.next = msgspec.structs.replace(self.position, read=read, mark=digest)


class Files:
    """The files that patterns name, and what they were renamed to."""

    def __init__(
        self, patterns: Sequence[str], positions: Positions, form: Mapper, *, packed: bool, from_end: bool
    ) -> None:
        self.followed: dict[_Key, Followed] = {}
        self._patterns, self._positions, self._form, self._packed = patterns, positions, form, packed
        self._scanned_ns = positions.scanned_ns  # what was rotated before was looked at
        self._from_end = from_end and not self._scanned_ns
        self._left: dict[_Key, tuple[int, int]] = {}  # size and time of files that have nothing new
        self._waiting: dict[_Key, tuple[float, float, int]] = {}  # first seen, last changed, size
        self._complained: set[str] = set()
        self.crowded = False  # files wait for others to be closed

    def look(self) -> float:
        """See which files there are; how many seconds of CPU that took. Raises BusyError."""
        begun_ns, begun_s = time.time_ns(), time.thread_time()
        if self.crowded:
            self.crowded = False
            for _, one in sorted((file.grown, one) for one, file in self.followed.items())[: _OPEN // 2]:
                self.end(one)
        for one, file in list(self.followed.items()):
            if _is_cut(file):
                self.leave(one)
        found = dict(self._found())
        unknown: list[_Seen] = []
        for one, seen in found.items():
            if (known := self.followed.get(one)) is not None:
                known.path, known.is_live = seen.path, seen.is_live
            elif seen.stat.st_size and self._left.get(one) != (seen.stat.st_size, seen.stat.st_mtime_ns):
                unknown.append(seen)
        for one, file in self.followed.items():
            file.is_live = file.is_live and one in found
        self._left = {one: said for one, said in self._left.items() if one in found}
        self._waiting = {one: said for one, said in self._waiting.items() if one in found}
        begun = self._begin(unknown) if unknown else []
        scanned_ns = max(self._scanned_ns, min([begun_ns, *self._put_off(unknown, begun)]))
        try:  # before anything of them is taken: their names have to last
            self._positions.save([file.position for file in begun], scanned_ns=scanned_ns)
        except BusyError:
            for file in begun:
                os.close(file.descriptor)
            raise
        self.followed |= {file.position.key: file for file in begun}
        self._scanned_ns, self._from_end = scanned_ns, False
        return time.thread_time() - begun_s

    def due(self) -> list[tuple[_Key, Followed]]:
        """The files that are to be looked at."""
        return [(one, file) for one, file in self.followed.items() if file.is_due()]

    def end(self, one: _Key) -> None:
        """Close a file, until it is another."""
        file = self.followed[one]
        with contextlib.suppress(OSError):
            seen = Path(file.path).stat()
            self._left[one] = (seen.st_size if file.whole else file.end), seen.st_mtime_ns
        self.leave(one)

    def leave(self, one: _Key) -> None:
        """Close a file, and look at it again."""
        os.close(self.followed.pop(one).descriptor)

    def complain(self, path: str, error: OSError | UnreadableError) -> None:
        """Say once what is wrong with a file."""
        if path not in self._complained:
            self._complained.add(path)
            reason = error.message if isinstance(error, UnreadableError) else error.strerror
            _log.warning("%s: %s; it is tried again", path, reason)

    def close(self) -> None:
        """Let go of all."""
        for one in list(self.followed):
            self.leave(one)

    def _put_off(self, unknown: list[_Seen], begun: list[Followed]) -> Iterator[int]:
        """The times of files that are looked at again, as a copy may grow, or too many are open: they must not pass for old by then."""
        settled = self._left.keys() | {file.position.key for file in begun}
        return (seen.stat.st_mtime_ns for seen in unknown if key(seen.stat) not in settled)

    def _found(self) -> Iterator[tuple[_Key, _Seen]]:
        """The regular files, those that the patterns name last: they are known by that name.

        What was rotated before this input began for the first time is not read.
        """
        for suffix in ("[.-]*", "") if self._scanned_ns else ("",):
            for pattern in self._patterns:
                for path in glob.iglob(pattern + suffix, recursive=True):  # noqa: PTH207 - patterns are absolute
                    if (suffix and not _ROTATED.search(path)) or (path.endswith(".gz") and not self._packed):
                        continue
                    with contextlib.suppress(OSError):  # gone meanwhile
                        seen = os.stat(path)  # noqa: PTH116 - thousands of them, each second
                        if stat.S_ISREG(seen.st_mode):
                            yield key(seen), _Seen(path, seen, not suffix)

    def _begin(self, unknown: list[_Seen]) -> list[Followed]:
        """Open files: those that are known by their inodes first, as a copy is one of a file that is not there itself."""
        known = self._positions.all.values()
        by_key, by_stem = defaultdict(list), defaultdict(list)
        for position in known:
            by_key[position.key].append(position)
            by_stem[_stem(position.path)].append(position)
        taken = {file.position.id for file in self.followed.values()}
        begun: list[Followed] = []
        for is_known in (True, False):
            rest = []
            for seen in unknown:
                if len(self.followed) + len(begun) >= _OPEN:
                    self.crowded = True
                    break
                candidates = by_key[key(seen.stat)] if is_known else by_stem[_stem(seen.path)]
                if is_known and (not candidates or seen.is_packed):
                    rest.append(seen)
                    continue
                try:
                    file = self._opened(seen, candidates, taken, is_known)
                except (OSError, UnreadableError) as error:
                    self.complain(seen.path, error)
                    continue
                if file is not None:
                    begun.append(file)
                    taken.add(file.position.id)
                elif is_known:
                    rest.append(seen)
            unknown = rest
        return begun

    def _opened(self, seen: _Seen, candidates: list[Position], taken: set[str], is_known: bool) -> Followed | None:
        """A file at its position, if it has one or may begin. Raises OSError, UnreadableError."""
        if not is_known and seen.is_copy and self._is_early(seen):
            return None
        descriptor = os.open(seen.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if seen.is_packed:
                packed, descriptor = descriptor, -1
                descriptor = _unpacked(packed, seen.path)
            size, one = os.fstat(descriptor).st_size, key(seen.stat)
            fitting = [
                position
                for position in candidates
                if (is_known or (position.read and (seen.is_copy or position.path == seen.path)))
                and position.fits(descriptor, size)
            ]
            position = max(fitting, key=lambda position: position.read, default=None)
            if position is not None and position.id in taken:
                return None  # it is a copy of what is read just now: the one that stays is read on
            if position is None:
                if is_known:
                    return None
                if not seen.is_live and seen.stat.st_mtime_ns + _SLACK_NS <= self._scanned_ns:
                    self._left[one] = seen.stat.st_size, seen.stat.st_mtime_ns
                    return None
                read = _last_end(descriptor, size) if self._from_end else 0
                position = new(seen.stat, seen.path, read, mark(descriptor, read))
            position = msgspec.structs.replace(position, device=one[0], inode=one[1], path=seen.path)
            file = Followed(seen.path, descriptor, position, self._form, whole=seen.is_packed)
            file.is_live, descriptor = seen.is_live, -1
            return file
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _is_early(self, seen: _Seen) -> bool:
        """Whether this may be a copy that is being made."""
        now, one, size = time.monotonic(), key(seen.stat), seen.stat.st_size
        first, changed, before = self._waiting.get(one, (now, now, -1))
        changed = changed if before == size else now
        self._waiting[one] = first, changed, size
        return now - changed < _STILL_S and now - first < _COPIED_S


def _is_cut(file: Followed) -> bool:
    try:
        return file.is_cut()
    except OSError:  # it is opened anew, if it can be
        return True


def _stem(path: str) -> str:
    return _ROTATED.sub("", path).removesuffix(".gz")


def _last_end(descriptor: int, size: int) -> int:
    """Where the last line begins that has no end."""
    start = max(0, size - _READ_BYTES)
    return start + os.pread(descriptor, _READ_BYTES, start).rfind(b"\n") + 1 or size


def _unpacked(descriptor: int, path: str) -> int:
    """What a file of gzip (RFC 1952) holds, in a file without a name; `descriptor` is closed. Raises OSError, UnreadableError."""
    import gzip

    with (
        open(descriptor, "rb") as packed,
        gzip.GzipFile(fileobj=packed) as opened,
        tempfile.TemporaryFile() as unpacked,
    ):
        try:
            while data := opened.read(_READ_BYTES):
                unpacked.write(data)
                if unpacked.tell() > _UNPACKED_BYTES:
                    raise UnreadableError(f"more than {_UNPACKED_BYTES:,} bytes when unpacked", path=path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UnreadableError(f"this is no whole file of gzip: {error}", path=path) from error
        unpacked.flush()
        return os.dup(unpacked.fileno())
