"""`[[redact]]` and `[redaction]` of the watch file."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta


class How(enum.StrEnum):
    """What becomes of a value."""

    HASH = "hash"  # keyed: the same value gives the same hash, which tells nothing else of it
    MASK = "mask"  # its length and its last four characters are left
    DROP = "drop"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[[redact]]`: a field or a pattern, in the lines of some formats of logs."""

    how: How
    log: Annotated[tuple[str, ...], Meta(description="Formats of logs; all if unsaid.")] = ()
    field: Annotated[
        str,
        Meta(
            description="A field of records in JSON, or of JSON in texts: $.input.email, $..password, $.items[*].name."
        ),
    ] = ""
    pattern: Annotated[str, Meta(description="email, card, ... or a regular expression (RE2).")] = ""


class Redaction(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """`[redaction]`: what holds for all of it."""

    credentials: Annotated[bool, Meta(description="Mask passwords, tokens and signatures wherever they stand.")] = True
    key_file: Annotated[str, Meta(description="The key of hashes; made in the state folder if unsaid.")] = ""
