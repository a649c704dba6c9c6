"""What several gateways have used together, in Redis (or Valkey): each tells its own totals, and hears the sums.

A total that is told again changes nothing, so a gateway that was killed, or that did not hear an answer, tells it again. Redis that
has lost its memory is told all anew by each.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Final

import msgspec

from garrison.errors import GarrisonError
from garrison.gateway.quota.tally import Key, Used

_TIMEOUT_S: Final = 0.5
_AT_ONCE: Final = 2000
_KEPT_S: Final = 3 * 24 * 3600


class Address(msgspec.Struct, frozen=True):
    """Where Redis is; `url` may hold a password, and is never shown."""

    url: str
    password_file: str = ""
    ca: str = ""
    prefix: str = "garrison"


class UnreachedSharesError(GarrisonError):
    """Redis cannot be reached, or does not take what it is told."""


class Shared:
    """The counts of a day, as Redis has them."""

    def __init__(self, address: Address, gateway: str, day: dt.date) -> None:
        self.day = day
        start = f"{address.prefix}:{{{day}}}"  # what is in braces keeps them on one node of a cluster
        self._keys = [f"{start}:{gateway}", f"{start}:sum", f"{start}:changed", f"{start}:state"]
        self._address = address
        self._redis: Any = None
        self._run: Any = None
        self._epoch, self._seen = "", "0"

    def tell(self, own: Mapping[Key, Used], changed: Mapping[Key, Used]) -> dict[Key, Used]:
        """Tell what has changed of what is `own`; the sums that have changed, of all gateways.

        Raises UnreachedSharesError; then all is told again the next time.
        """
        import redis

        try:
            if self._redis is None:
                self._redis = self._connect()
                changed = own
            found = self._exchanged(changed)
            if found is None:  # it is not the Redis that it was
                self._seen = "0"
                found = self._exchanged(own)
        except (redis.RedisError, OSError, ValueError) as error:
            self._forget_connection()
            hint = "what is known of other gateways holds, and this one goes on to count"
            raise UnreachedSharesError(f"Redis cannot be used: {_said(error)}", hint=hint) from error
        return found or {}

    def _exchanged(self, changed: Mapping[Key, Used]) -> dict[Key, Used] | None:
        """What is answered; None where all has to be told again."""
        found: dict[Key, Used] = {}
        rows = [(msgspec.json.encode(key), used.requests, used.tokens) for key, used in changed.items()]
        for start in range(0, max(1, len(rows)), _AT_ONCE):
            some, more = rows[start : start + _AT_ONCE], True
            while more:
                told = self._script(some)
                epoch, last, change, sums = told[0].decode(), told[1].decode(), int(told[2]), told[3]
                if self._epoch not in {"", epoch} or change < int(self._seen):
                    self._epoch = epoch
                    return None
                self._epoch, self._seen, some = epoch, last, []
                found |= _sums(sums)
                more = len(sums) == 3 * _AT_ONCE
        return found

    def _script(self, some: list[tuple[bytes, int, int]]) -> Any:
        values = [value for row in some for value in row]
        return self._run(keys=self._keys, args=[secrets.token_hex(8), self._seen, _AT_ONCE, _KEPT_S, *values])

    def _connect(self) -> Any:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        more: dict[str, Any] = {}
        if self._address.password_file:
            more["password"] = Path(self._address.password_file).read_text(encoding="utf-8").strip()
        if self._address.ca:
            more["ssl_ca_certs"] = self._address.ca
        # The counter waits meanwhile: it comes back later by itself.
        patience = {"socket_timeout": _TIMEOUT_S, "socket_connect_timeout": _TIMEOUT_S, "retry": Retry(NoBackoff(), 0)}
        made = redis.Redis.from_url(self._address.url, **patience, **more)
        self._run = made.register_script(resources.files(__package__).joinpath("share.lua").read_text("utf-8"))
        return made

    def _forget_connection(self) -> None:
        self._seen = "0"
        if self._redis is not None:
            self._redis.close()
            self._redis = None


def _sums(told: list[bytes]) -> dict[Key, Used]:
    rows = zip(told[::3], told[1::3], told[2::3], strict=True)
    return {msgspec.json.decode(field, type=Key): Used(int(r), int(t)) for field, r, t in rows}


def _said(error: Exception) -> str:
    """What the library says of host and port; what it says of a URL that it cannot read may show a password."""
    return "its URL or password cannot be read" if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
