"""What a detector says: one thing that it noticed. Signals that say the same become one alert."""

from __future__ import annotations

import enum

import msgspec

from garrison.events.event import Severity


class Detector(enum.StrEnum):
    """What noticed it."""

    RULE = "rule"
    CORRELATION = "correlation"
    BASELINE = "baseline"
    DRIFT = "drift"
    EXTRACTION = "extraction"
    SILENCE = "silence"  # a source that went quiet
    WATCH = "watch"  # the watch itself: lines lost, a disk that fills, a ledger that takes nothing


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """Times in microseconds since 1970 (UTC). What is not known is empty.

    `detector`, `name`, `principal` and `asset` say what it is: signals that agree in them are one alert.
    """

    detector: Detector
    name: str  # the id of a rule; the measure of a baseline; the test of a drift
    title: str
    severity: Severity
    since_us: int  # when what was noticed began
    time_us: int  # and when it was seen last
    principal: str = ""  # who: a user, a client, a role; an address where nobody is known
    asset: str = ""  # on what: a model, a bucket, a host
    asset_type: str = ""
    src_ip: str = ""
    text: str = ""  # what was expected, what was seen, since when
    tags: tuple[str, ...] = ()  # attack.t1078, atlas.aml.t0024
    events: int = 1  # how many events it rests on
    uids: tuple[str, ...] = ()  # of them, 20 at the most
    is_over: bool = False  # what was noticed has ended by itself: its alert is closed
