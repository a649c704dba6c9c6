"""What is derived about an asset: whether it is exposed, what it holds, which zone it is in."""

from __future__ import annotations

import enum
import fnmatch

import msgspec

from garrison.estate.truth import Truth


class Content(enum.StrEnum):
    """What is worth stealing or spoiling."""

    TRAINING_DATA = "training data"
    FEATURES = "features"
    MODELS = "models"
    PREDICTIONS = "predictions"
    CREDENTIALS = "credentials"
    PERSONAL_DATA = "personal data"
    AUDIT_LOG = "audit log"


class Environment(enum.StrEnum):
    """Where in its life a deployment stands."""

    PRODUCTION = "production"
    STAGING = "staging"
    DEVELOPMENT = "development"


class Stage(enum.StrEnum):
    """Where in a model's life an asset stands."""

    INGEST = "ingest"
    TRAIN = "train"
    REGISTER = "register"
    SERVE = "serve"
    MONITOR = "monitor"


class Holds(msgspec.Struct, frozen=True):
    """What an asset contains, how sure that is (0 to 1), and why it is believed."""

    content: Content
    confidence: float
    reason: str


class Reached(msgspec.Struct, frozen=True):
    """A store that whoever takes an asset over can get at, and by what: labels from the asset to the store."""

    path: tuple[str, ...]
    holds: Holds

    @property
    def words(self) -> str:
        """`role ml-train, which reads fraud-training-data (training data)` without the asset itself."""
        *through, store = self.path
        return f"{store} ({self.holds.content}){f' as {through[-1]}' if through else ''}"


class Stated(msgspec.Struct, frozen=True, kw_only=True):
    """What people say of the assets that both globs match; an empty glob matches all. It outweighs what is derived."""

    path: str = ""  # of the file it is declared in, as a scan shows it
    address: str = ""
    environment: Environment | None = None
    stage: Stage | None = None
    holds: tuple[Content, ...] | None = None  # None: nothing is said; (): it holds nothing of worth

    def speaks_of(self, address: str, path: str) -> bool:
        """Whether it is about the asset declared there."""
        return (not self.path or fnmatch.fnmatchcase(path, self.path)) and (
            not self.address or fnmatch.fnmatchcase(address, self.address)
        )


class Facts(msgspec.Struct, frozen=True, eq=False):
    """The derived facts of one asset. A zone that nothing tells is None."""

    exposed: Truth
    exposed_by: str = ""  # the label of what exposes it; "" where it does so itself
    holds: tuple[Holds, ...] = ()
    reaches: tuple[Reached, ...] = ()  # the worthiest first
    environment: Environment | None = None
    stage: Stage | None = None
    fault: str = ""  # what went wrong while they were derived: a defect of Garrison

    def contains(self, *contents: Content, at_least: float = 0.5) -> bool:
        """Whether it holds any of these, believed at least so much."""
        return any(h.content in contents and h.confidence >= at_least for h in self.holds)
