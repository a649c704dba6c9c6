"""Kinds of a thing that a file may name: a module each, found by listing their package, so that nothing registers them."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any


def modules_of(package: ModuleType) -> list[Any]:
    """The modules of a package, in the order of their names."""
    return [
        import_module(f"{package.__name__}.{name}")
        for name in sorted(m.name for m in pkgutil.iter_modules(package.__path__))
    ]
