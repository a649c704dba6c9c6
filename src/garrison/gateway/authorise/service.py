"""One answer to one question of Envoy: 200 lets the request pass, everything else refuses it.

403 is a decision, 503 says that none could be made. The answer's body says no more than that: it may reach the client; the
policy that decided stands in a header, which Envoy keeps for the audit feed.
"""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import urllib.parse
from pathlib import Path
from typing import Any, Final

import msgspec

from garrison.errors import ConfigError, UsageError
from garrison.gateway.authorise.bundle import Current
from garrison.gateway.authorise.headers import POLICY, SECRET, Headers, NotFromEnvoyError, read_request

ALLOWED: Final = 200
DENIED: Final = 403
UNDECIDED: Final = 503

_log = logging.getLogger(__name__)


class Answer(msgspec.Struct, frozen=True):
    """A status, what is told to the client, and what is told to the audit feed."""

    status: int
    message: str = ""
    policy: str = ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """In ASCII, as headers are: other characters of paths and ids are percent-encoded."""
        policy = urllib.parse.quote(self.policy, safe=" !#$&'()*+,-./:;=?@[]_~")
        return [("content-type", "text/plain"), *([(POLICY, policy)] if policy else [])]


class Service:
    """Answers by the bundle at a path; with a secret, only who knows it."""

    def __init__(self, bundle: Path, secret: bytes = b"") -> None:
        self._current = Current(bundle)
        self._secret = secret
        self._told = ""

    def answer(self, method: str, path: str, headers: Headers) -> Answer:
        """Decide. Nothing that goes wrong lets a request pass."""
        try:
            return self._decided(method, path, headers)
        except NotFromEnvoyError as error:
            self._tell(f"asked by something else than the gateway, or it is configured wrongly: {error}")
        except ConfigError as error:
            self._tell(str(error))
        except Exception:  # noqa: BLE001 - whatever it is, nobody is let in, and it is told in full
            _log.exception("no decision could be made")
        return Answer(UNDECIDED, "the gateway cannot decide on this at present")

    def _tell(self, message: str) -> None:
        """Log what is wrong, once and not for every request."""
        if message != self._told:
            self._told = message
            _log.error(message)

    def _decided(self, method: str, path: str, headers: Headers) -> Answer:
        if self._secret and not _is_secret(headers, self._secret):
            raise NotFromEnvoyError("without the secret")
        judge = self._current.judge()
        try:
            decision = judge.decide(read_request(method, path, headers, dt.datetime.now(dt.UTC)))
        except (
            UsageError,
            ValueError,
        ) as error:  # a role or a model that is not listed, claims that are not as declared
            return Answer(DENIED, "this client may not do this", f"none: {error}".split("\n", 1)[0])
        policy = ", ".join(p.id for p in decision.policies) or "none"
        return (
            Answer(ALLOWED, "", policy) if decision.allowed else Answer(DENIED, "this client may not do this", policy)
        )

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer over Granian's interface (https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md)."""
        answer = self.answer(scope.method, scope.path, scope.headers)
        protocol.response_str(answer.status, answer.headers, answer.message)


def _is_secret(headers: Headers, secret: bytes) -> bool:
    said = headers.get_all(SECRET)
    return len(said) == 1 and hmac.compare_digest(said[0].encode(), secret)
