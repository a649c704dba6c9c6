"""Secrets of the watch file: in files that only their owner can read, or in variables; never in the watch file itself."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path

from garrison.errors import ConfigError, LedgerError
from garrison.ledger.keys.file import read_secret

Beside = Callable[[str], Path]  # a path as the watch file means it


def secret(file: str, variable: str, beside: Beside, what: str) -> str:
    """What a file or a variable holds; "" where neither is named. Raises ConfigError, in which the secret does not stand."""
    if file and variable:
        raise ConfigError(f"{what} is named twice", hint="keep the file or the variable")
    if variable:
        if not (said := os.environ.get(variable, "").strip()):
            raise ConfigError(f"{what}: the variable {variable} is not set", hint="set it where the watch is started")
        return said
    if not file:
        return ""
    try:
        return read_secret(beside(file)).decode("utf8", "replace").strip()
    except LedgerError as error:
        hint = error.hint if "chmod" in error.hint else "name a file that only its owner can read"
        raise ConfigError(f"{what}: {error.message}", hint=hint, path=str(beside(file))) from error


def hold_one(what: str, **named: str) -> None:
    """Exactly one of several ways of naming a thing. Raises ConfigError."""
    if [bool(value) for value in named.values()].count(True) != 1:
        ways = " or ".join(name.replace("_", "-") for name in named)
        raise ConfigError(f"{what} is named {'twice' if any(named.values()) else 'nowhere'}", hint=f"write {ways}")


def trust(ca: str, beside: Beside, certificate: str = "", key: str = "") -> ssl.SSLContext:
    """TLS that verifies who answers: by a file of certificates, or the system's. Raises ConfigError."""
    try:
        context = ssl.create_default_context(cafile=str(beside(ca)) if ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if certificate:
            context.load_cert_chain(beside(certificate), beside(key) if key else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"certificates cannot be read: {error}", hint="name PEM files that are there") from error
    return context
