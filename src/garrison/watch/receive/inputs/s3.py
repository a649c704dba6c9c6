"""Logs that AWS writes into buckets: CloudTrail, S3's own access logs, VPC flow logs, or any format, an object at a time.

A record's place is its bucket, the object's key and its number: an object that is read again after a crash doubles nothing. Who may read is
told by boto3's own chain of credentials (environment, profile, role of the machine): none stand in the watch file.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from garrison.errors import BusyError, ConfigError, EventsError, UnmappedError, UnreadableError
from garrison.events.mappers import Mapper
from garrison.watch.receive.documents import DOCUMENT_BYTES, broken, is_document, lines, split
from garrison.watch.receive.grouping import HEAD_BYTES, Piece, group
from garrison.watch.receive.input import Around, InputSettings, Source
from garrison.watch.receive.inputs.file import form_of, patiently, take
from garrison.watch.receive.seen import Seen

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

TYPE = "s3"

_AT_ONCE = 4  # objects
_DEEPEST = 10  # folders between a prefix and a date
_MOST_LANES = 10_000
_CONNECT_S, _READ_S = 10, 60
_DATED = re.compile(r"(?:year=)?[0-9]{4}/\Z")
_GZIP = b"\x1f\x8b"
_MISSING = ("NoSuchKey", "404")
_DENIED = ("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "AllAccessDisabled")

_log = logging.getLogger(__name__)


class Settings(InputSettings, frozen=True, kw_only=True, tag=TYPE, forbid_unknown_fields=True, rename="kebab"):
    """`type = "s3"`."""

    log: str
    bucket: Annotated[str, msgspec.Meta(min_length=1)]
    prefix: str | tuple[str, ...] = ""
    region: str = ""
    endpoint: str = ""  # URL of another store that speaks S3
    every_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 60.0
    begin: Literal["start", "end"] = "start"  # of a part of the bucket that is new to the input


def hold(settings: Settings, beside: Callable[[str], Path]) -> None:
    """See `Input`. Nothing is asked of the bucket."""
    del beside
    _Bucket(settings)


async def serve(settings: Settings, around: Around) -> None:
    """See `Input`."""
    form = form_of(settings.name, settings.log)
    bucket = await asyncio.to_thread(_Bucket, settings)
    seen = await asyncio.to_thread(Seen.open, around.state)
    try:
        is_first = True
        while True:
            for prefix in (settings.prefix,) if isinstance(settings.prefix, str) else settings.prefix:
                for lane in await asyncio.to_thread(bucket.lanes, prefix):
                    await _read(bucket, lane, seen, Source(settings.name, form), around, skip=is_first)
            is_first = False
            await asyncio.sleep(settings.every_s)
    finally:
        seen.close()


async def _read(bucket: _Bucket, lane: _Lane, seen: Seen, source: Source, around: Around, *, skip: bool) -> None:
    """Take the objects of a lane that are new."""
    name = lane.prefix
    floor = seen.floor(name)
    keys = seen.new(name, await asyncio.to_thread(bucket.keys, lane, floor or ""))
    if floor is None and skip and bucket.settings.begin == "end":
        seen.add(name, keys)
        keys = []
    left: list[str] = []
    for at in range(0, len(keys), _AT_ONCE):
        some = keys[at : at + _AT_ONCE]
        taken = await asyncio.gather(*(_object(bucket, key, source, around) for key in some))
        done = [key for key, is_taken in zip(some, taken, strict=True) if is_taken]
        left += set(some) - set(done)
        await patiently(source.name, lambda done=done: asyncio.to_thread(seen.add, name, done))  # type: ignore[misc]
    await patiently(source.name, lambda: asyncio.to_thread(seen.rise, name, left))


async def _object(bucket: _Bucket, key: str, source: Source, around: Around) -> bool:
    """Take an object; whether nothing of it is left. One that may not be read stops no other, and is tried again."""
    try:
        pieces = await asyncio.to_thread(_pieces, bucket, key, source.form)
    except EventsError as error:
        _log.warning("%s: s3://%s/%s: %s", source.name, bucket.settings.bucket, key, error.message)
        return False
    await take(around, source, f"{bucket.settings.bucket}/{key}", pieces)
    return True


def _pieces(bucket: _Bucket, key: str, form: Mapper) -> list[Piece]:
    """The records of an object; of one that cannot be read, why. Raises EventsError where it may not be read, or not now."""
    try:
        data = _unpacked(bucket.read(key))
        if is_document(form, data[:HEAD_BYTES]):
            return split(form, data)
    except UnreadableError as error:
        return [Piece(0, key.encode(), error.message)]
    except UnmappedError as error:
        return list(broken(data, error.message))
    joined = group(form, data[:HEAD_BYTES])
    return [piece for line in lines(data) for piece in joined.put(line)] + list(joined.rest())


def _unpacked(data: bytes) -> bytes:
    """What was packed by gzip, which the name of an object need not say. Raises UnreadableError."""
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as opened:
            found = opened.read(DOCUMENT_BYTES + 1)
    except (EOFError, zlib.error, OSError) as error:
        raise UnreadableError(f"this is no whole file of gzip: {error}") from error
    if len(found) > DOCUMENT_BYTES:
        raise UnreadableError(f"the object has more than {DOCUMENT_BYTES:,} bytes when unpacked")
    return found


class _Lane(msgspec.Struct, frozen=True):
    """A part of a bucket whose keys rise with time; `is_flat` where only what is right below the prefix belongs to it."""

    prefix: str
    is_flat: bool


class _Bucket:
    """A bucket, through boto3. Its calls block."""

    def __init__(self, settings: Settings) -> None:
        """Raises ConfigError."""
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise ConfigError("boto3 is not installed", hint="install the extra: garrison[watch]") from error
        self.settings = settings
        config = Config(
            connect_timeout=_CONNECT_S, read_timeout=_READ_S, retries={"max_attempts": 3, "mode": "standard"}
        )
        where = {"region_name": settings.region, "endpoint_url": settings.endpoint}
        try:
            self._client: Any = boto3.session.Session().client(
                "s3", config=config, **{name: said for name, said in where.items() if said}
            )
        except Exception as error:
            raise ConfigError(f"input {settings.name}: {error}", hint="see region and endpoint") from error

    def lanes(self, prefix: str) -> list[_Lane]:
        """The parts that there are. Raises EventsError, ConfigError."""
        found: list[_Lane] = []
        waiting = [(prefix, 0)]
        while waiting and len(found) < _MOST_LANES:
            top, depth = waiting.pop()
            is_flat = is_dated = False
            for page in self._pages(Prefix=top, Delimiter="/"):
                is_flat = is_flat or bool(page.get("Contents"))
                for below in page.get("CommonPrefixes", ()):
                    name = str(below["Prefix"])
                    if _DATED.search(name[len(top) :]) or depth >= _DEEPEST:
                        is_dated = True
                    else:
                        waiting.append((name, depth + 1))
            if is_dated or is_flat:
                found.append(_Lane(top, is_flat=not is_dated))
        return sorted(found, key=lambda lane: lane.prefix)

    def keys(self, lane: _Lane, floor: str) -> list[str]:
        """The objects of a lane behind a key, by their keys. Raises EventsError, ConfigError."""
        more = {name: said for name, said in (("StartAfter", floor), ("Delimiter", "/" * lane.is_flat)) if said}
        pages = self._pages(Prefix=lane.prefix, **more)
        return [str(one["Key"]) for page in pages for one in page.get("Contents", ()) if one["Size"]]

    def read(self, key: str) -> bytes:
        """An object; nothing of one that is gone. Raises EventsError, UnreadableError."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            with self._client.get_object(Bucket=self.settings.bucket, Key=key)["Body"] as body:
                data = bytes(body.read(DOCUMENT_BYTES + 1))
        except ClientError as error:
            if _code(error) in _MISSING:
                return b""
            raise BusyError(f"{_code(error)}: it cannot be read", hint="s3:GetObject, and kms:Decrypt") from error
        except (BotoCoreError, OSError) as error:
            raise BusyError(f"it cannot be read now: {error}") from error
        if len(data) > DOCUMENT_BYTES:
            raise UnreadableError(f"the object has more than {DOCUMENT_BYTES:,} bytes")
        return data

    def _pages(self, **asked: str) -> Iterator[dict[str, Any]]:
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        name = self.settings.bucket
        try:
            yield from self._client.get_paginator("list_objects_v2").paginate(Bucket=name, **asked)
        except NoCredentialsError as error:
            hint = "set AWS_PROFILE or AWS_ACCESS_KEY_ID, or give the machine a role"
            raise ConfigError(f"input {self.settings.name}: no credentials for AWS", hint=hint) from error
        except ClientError as error:
            code = _code(error)
            if code == "NoSuchBucket":
                hint = "see bucket, region and endpoint"
                raise ConfigError(f"input {self.settings.name}: there is no bucket {name}", hint=hint) from error
            if code in _DENIED:
                hint = f"who reads needs s3:ListBucket on arn:aws:s3:::{name} and s3:GetObject on arn:aws:s3:::{name}/*"
                raise ConfigError(
                    f"input {self.settings.name}: listing {name} is denied ({code})", hint=hint
                ) from error
            raise BusyError(f"{name} cannot be listed: {error}") from error
        except (BotoCoreError, OSError) as error:
            raise BusyError(f"{name} cannot be listed: {error}") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
