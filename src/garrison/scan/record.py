"""A scan as an entry of a ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from garrison import __version__
from garrison.errors import UsageError
from garrison.findings.result import Result
from garrison.ledger.opening import open_ledger
from garrison.report import View, form
from garrison.scan.revision import revision_of

_MOST_CHARACTERS = 250  # of a name


def record(folder: Path, result: Result, paths: Sequence[Path]) -> int:
    """The index of the entry. Its digest is that of the report which `--format json` writes. Raises LedgerError, ConfigError."""
    digest = hashlib.sha256()
    for piece in form("json").render(result, View()):
        digest.update(piece.encode("utf8", "backslashreplace"))
    details = {
        "findings": len(result.findings),
        "passed": sum(result.passed_by_check.values()),
        "unknown": len(result.undecided),
        "version": __version__,
        **_revision(paths[0]),
    }
    name = " ".join(path.as_posix() for path in paths).encode("utf8", "replace").decode()
    with open_ledger(folder) as ledger:
        return ledger.append(
            "scan.result",
            actor="service:garrison-scan",
            object={"type": "estate", "name": name[:_MOST_CHARACTERS], "digest": f"sha256:{digest.hexdigest()}"},
            details=details,
        )


def _revision(path: Path) -> dict[str, str]:
    """The commit that is checked out, where what was scanned lies in a repository."""
    try:
        return {"revision": revision_of("HEAD", path if path.is_dir() else path.parent).commit}
    except UsageError:
        return {}
