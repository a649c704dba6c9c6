"""The same Lua as the validators' tests."""

from __future__ import annotations

from ..validation.conftest import envoy, run  # noqa: F401, TID252
