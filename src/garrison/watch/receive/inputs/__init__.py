"""Ways in: a module each, which says `TYPE`, `Settings`, `hold` and `serve` (garrison.watch.receive.input), found by listing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import cast

from garrison.forms.kinds import modules_of
from garrison.watch.receive.input import Input


@cache
def inputs() -> Mapping[str, Input]:
    """The ways in there are, by their types."""
    return {module.TYPE: cast("Input", module) for module in modules_of(sys.modules[__name__])}
