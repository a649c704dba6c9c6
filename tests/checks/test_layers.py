"""Which layer of defence a check speaks of."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec
import pytest

from garrison.checks import layers
from garrison.checks.check import Check, Pillar, all_checks
from garrison.checks.layers import Layer, layer_of

TABLE = tomllib.loads(Path(layers.__file__).with_suffix(".toml").read_text("utf8"))


def of(pillar: Pillar, *maps: str) -> Layer:
    check: Check = msgspec.structs.replace(all_checks()[0], pillar=pillar, maps=maps)
    return layer_of(check)


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(Layer)
    assert sorted(p for row in TABLE.values() for p in row["pillars"]) == sorted(Pillar)
    controls = [c for row in TABLE.values() for c in row["controls"]]
    assert len(controls) == len(set(controls))
    assert all(layer.about for layer in Layer)


@pytest.mark.parametrize(
    ("maps", "layer"),
    [
        (("NIST-800-53:SC-7",), Layer.NETWORK),
        (("NIST-800-53:SC-28(1)", "NIST-800-53:AC-3"), Layer.ENCRYPTION),
        (("ATLAS:AML.T0049", "NIST-800-53:IA-5"), Layer.AUTHENTICATION),
        (("NIST-800-53:AU-12",), Layer.MONITORING),
        (("NIST-800-53:AC-6",), Layer.IDENTITY),
        (("NIST-800-53:PE-3",), Layer.HARDENING),
        ((), Layer.HARDENING),
    ],
)
def test_the_first_control_decides_and_the_most_exact_name_wins(maps: tuple[str, ...], layer: Layer) -> None:
    assert of(Pillar.CLOUD, *maps) is layer


def test_a_control_may_mean_another_layer_in_a_pillar() -> None:
    assert of(Pillar.API, "NIST-800-53:AC-3") is Layer.AUTHENTICATION
    assert of(Pillar.CONTAINERS, "NIST-800-53:AC-6") is Layer.HARDENING


def test_every_layer_has_checks() -> None:
    assert {layer_of(check) for check in all_checks()} == set(Layer)
