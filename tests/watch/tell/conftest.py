"""The receivers of routes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.watch.routes.conftest import Hook


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as running:
        yield running
