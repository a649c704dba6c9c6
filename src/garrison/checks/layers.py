"""The layers of defence in depth, and which of them a check speaks of. `layers.toml` beside this module decides."""

from __future__ import annotations

import enum
import tomllib
from functools import cache
from pathlib import Path

import msgspec

from garrison.checks.check import Check, Pillar

_FRAMEWORK = "NIST-800-53:"


class Layer(enum.StrEnum):
    """One layer; an attacker has to get through all of them."""

    NETWORK = "network"
    IDENTITY = "identity"
    AUTHENTICATION = "authentication"
    ENCRYPTION = "encryption"
    HARDENING = "hardening"
    MONITORING = "monitoring"

    @property
    def about(self) -> str:
        """What it is for, in a few words."""
        return _table()[self].about


class _Row(msgspec.Struct, frozen=True):
    about: str
    controls: tuple[str, ...]
    pillars: tuple[Pillar, ...]


@cache
def _table() -> dict[Layer, _Row]:
    text = Path(__file__).with_suffix(".toml").read_text("utf8")
    return msgspec.convert(tomllib.loads(text), dict[Layer, _Row])


@cache
def _by_control() -> dict[str, Layer]:
    return {control: layer for layer, row in _table().items() for control in row.controls}


def layer_of(check: Check) -> Layer:
    """The layer of a check: told by the first of its NIST controls, else by its pillar."""
    controls = _by_control()
    for mapping in check.maps:
        if mapping.startswith(_FRAMEWORK):
            control = mapping.removeprefix(_FRAMEWORK).partition("(")[0]
            for name in (f"{check.pillar}:{control}", control, control.partition("-")[0]):
                if name in controls:
                    return controls[name]
    return next(layer for layer, row in _table().items() if check.pillar in row.pillars)
