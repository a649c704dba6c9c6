"""What a caller can ask of a model server, whatever its protocol."""

from __future__ import annotations

import enum


class Action(enum.StrEnum):
    """The word that policies, the gateway and the audit feed use for one kind of request."""

    INFER = "infer"
    READ_METADATA = "read-metadata"
    HEALTH = "health"
    LOAD_MODEL = "load-model"
    UNLOAD_MODEL = "unload-model"
    TRAIN = "train"
    ADMIN = "admin"
