"""What a receiver of webhooks tells doubles and strangers by: Standard Webhooks 1.0 (https://www.standardwebhooks.com)."""

from __future__ import annotations

from garrison.errors import ConfigError, LedgerError
from garrison.ledger.sinks.webhook import parse_secret, signature


def named(key: str) -> dict[str, str]:
    """The headers that are the same each time a message is tried."""
    return {"webhook-id": key, "Idempotency-Key": key}


def signed(who: str, key: str, body: bytes, secret: str) -> dict[str, str]:
    """The headers that sign a message; none without a secret. Raises ConfigError, in which the secret does not stand."""
    try:
        return signature(key, body, parse_secret(secret, "")) if secret else {}
    except LedgerError as error:
        raise ConfigError(f"{who}: {error.message}", hint=error.hint) from error
