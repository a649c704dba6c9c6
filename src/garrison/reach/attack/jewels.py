"""What an attacker is after, and what each is worth."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.assets.api import ApiRoute, Function
from garrison.estate.assets.cluster_access import ConfigMap
from garrison.estate.assets.keys import Secret, Vault
from garrison.estate.assets.ml_serving import InferenceService
from garrison.estate.assets.model import LiveEndpoint, ModelRegistry
from garrison.estate.assets.registry import Registry
from garrison.estate.estate import Estate
from garrison.estate.facts import Content
from garrison.reach.attack.steps import CALLED, CHANGED, HELD
from garrison.reach.path import Jewel

_BELIEVED = 0.5
WORTH = {Jewel.TRAINING_DATA: 1.0, Jewel.ADMIN: 1.0, Jewel.MODELS: 0.9, Jewel.SECRETS: 0.8, Jewel.ENDPOINTS: 0.6}
_CONTENT = {
    Content.TRAINING_DATA: Jewel.TRAINING_DATA,
    Content.PERSONAL_DATA: Jewel.TRAINING_DATA,
    Content.FEATURES: Jewel.TRAINING_DATA,
    Content.MODELS: Jewel.MODELS,
    Content.CREDENTIALS: Jewel.SECRETS,
}


class Goal(msgspec.Struct, frozen=True, eq=False):
    """One thing in the states in which it counts as taken. `sure` is how much its worth is believed, 0 to 1."""

    asset: Asset
    states: tuple[str, ...]
    jewel: Jewel
    sure: float


def goals(estate: Estate) -> Iterator[Goal]:
    """All but administrators, which the steps find."""
    for asset in estate.assets:
        if isinstance(asset, Secret | Vault):
            yield Goal(asset, (HELD,), Jewel.SECRETS, 1.0)
        elif isinstance(asset, ConfigMap):
            if asset.secret.yes:
                yield Goal(asset, (HELD,), Jewel.SECRETS, 0.9)
        elif isinstance(asset, ModelRegistry):
            yield Goal(asset, (HELD, CHANGED), Jewel.MODELS, 0.9)
        elif isinstance(asset, ApiRoute | LiveEndpoint | InferenceService | Function):
            yield Goal(asset, (CALLED,), Jewel.ENDPOINTS, 0.9)
        elif asset.stores and not isinstance(asset, Registry):
            yield from _stored(asset, estate)


def _stored(asset: Asset, estate: Estate) -> Iterator[Goal]:
    """What lies in a store, the worthiest that is believed."""
    found = [(WORTH[_CONTENT[h.content]] * h.confidence, h) for h in estate.facts(asset).holds if h.content in _CONTENT]
    believed = [(worth, h) for worth, h in found if h.confidence >= _BELIEVED]
    if believed:
        _, holds = max(believed, key=lambda pair: pair[0])
        yield Goal(asset, (HELD, CHANGED), _CONTENT[holds.content], holds.confidence)
