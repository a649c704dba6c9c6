"""The examples of a user's own check: what it must fail, and what it must pass."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from garrison.checks.example import parse_name
from garrison.errors import ConfigError
from garrison.sources.interface import formats

_MAX_BYTES = 1_000_000  # of one


def examples_beside(file: Path, check_id: str) -> dict[str, str]:
    """Those in `examples/<id>/` beside the file of a check. Raises ConfigError for one that cannot be read."""
    folder = file.parent / "examples" / check_id
    found = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            hold_name(path.name, str(path))
            if path.stat().st_size > _MAX_BYTES:
                raise ConfigError("the example is larger than 1 MB", path=str(path), hint="keep what shows the fault")
            found[path.name] = path.read_text("utf8", "replace")
    return found


def hold_name(name: str, path: str, line: int = 0) -> None:
    """Raises ConfigError for a name that does not say what an example is."""
    if parse_name(name) is None:
        endings = ", ".join(f.ENDING for f in formats() if f.ENDING)
        hint = f"write fail or pass, a word if you like, and one of {endings}: pass.gcp.tf"
        raise ConfigError(f"no example is called {name}", path=path, line=line, hint=hint)


def hold_both(examples: Mapping[str, str], check_id: str, path: str, line: int) -> None:
    """Raises ConfigError for a check without an example that fails and one that passes."""
    for outcome in ("fail", "pass"):
        if not any(name.startswith(f"{outcome}.") for name in examples):
            hint = f"write {outcome}.tf or the like under examples, or into examples/{check_id}/ beside the file"
            raise ConfigError(f"{check_id} has no example that must {outcome}", path=path, line=line, hint=hint)
