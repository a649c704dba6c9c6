"""Ways in: a module each, which says `TYPE`, `Settings` and `serve` (garrison.watch.receive.input), found by listing."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import cast

from garrison.watch.receive.input import Input


@cache
def inputs() -> Mapping[str, Input]:
    """The ways in there are, by their types."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return {module.TYPE: cast("Input", module) for module in modules}
