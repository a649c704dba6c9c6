"""The vocabulary: a type per kind of thing, whatever cloud or format describes it. A module per family."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from garrison.estate.assets.asset import Asset

__all__ = ["Asset", "kinds"]


@cache
def kinds() -> dict[str, type[Asset]]:
    """Every kind by its name. Raises TypeError where two modules use one name."""
    found: dict[str, type[Asset]] = {}
    for module in pkgutil.iter_modules(__path__, __name__ + "."):
        for name, kind in vars(importlib.import_module(module.name)).items():
            if isinstance(kind, type) and issubclass(kind, Asset) and kind.__module__ == module.name:
                if name in found:
                    raise TypeError(f"two kinds are called {name}: {found[name].__module__} and {module.name}")
                found[name] = kind
    return found
