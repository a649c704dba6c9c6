"""What a kind tells is what its source says."""

from __future__ import annotations

import pytest

from garrison.estate.assets import Asset, kinds
from garrison.estate.assets.asset import shape
from garrison.estate.assets.storage import Bucket
from garrison.estate.assets.workload import Container, Workload
from garrison.estate.fields import Holding, fields_of, summary
from garrison.estate.relations import By, Relation


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda k: k.__name__)
def test_every_field_can_be_asked(kind: type[Asset]) -> None:
    fields, form = fields_of(kind), shape(kind)
    assert form.truths | form.values | form.parts.keys() <= fields.keys()
    assert all(hasattr(kind, name) for name in fields)
    assert all("\n" not in f.meaning for f in fields.values())
    assert summary(kind)


def test_a_bucket() -> None:
    fields = fields_of(Bucket)
    assert fields["locked"].meaning == "objects cannot be changed or deleted for a time"
    assert fields["encryption_key"].relations == (By(Relation.ENCRYPTS),)
    assert fields["tls_only"].holding is Holding.TRUTH
    assert fields["tls_only"].meaning.startswith("whether requests without TLS are refused")
    assert fields["public"].meaning.startswith("whether anyone on the internet reaches it")
    assert (fields["provider"].holding, fields["name"].holding) == (Holding.TEXT, Holding.VALUE)
    assert not {"place", "exists", "native_", "native", "stores", "_open", "parts", "condition"} & fields.keys()


def test_parts_and_words() -> None:
    assert fields_of(Workload)["containers"].part is Container
    assert fields_of(Workload)["containers"].words == "list of Container"
    assert fields_of(Container)["words"].words == "list of values"
    assert "server" not in fields_of(Container)
    assert "variables" not in fields_of(Container)
