"""Renders charts in a process of its own, which is begun anew where a chart ends it."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import os
import queue
import subprocess
import sys
import tarfile
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

_TIMEOUT_S = 30  # a chart takes some milliseconds
_MAX_ANSWER_BYTES = 64_000_000
_GARBAGE = "400"  # percent that Go lets lie: with its own 100 the collector takes a sixth of the time


class RenderError(Exception):
    """Helm cannot render a chart; the text is Helm's."""


def is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("helm_python") is not None


class Engine:
    """One process for all charts of a scan, started with the first."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        self._end()

    def render(self, name: str, files: Mapping[str, bytes], values: dict[str, Any]) -> dict[str, str]:
        """What each template of a chart becomes, by its path. Raises RenderError.

        `files` are the chart's, by their paths in it; nothing else is read from the disk.
        """
        chart = base64.b64encode(_archive(name, files)).decode()
        said = json.dumps({"name": "release", "chart": chart, "values": values}).encode() + b"\n"
        answer = json.loads(self._ask(said))
        if "error" in answer:
            raise RenderError(answer["error"])
        rendered: dict[str, str] = answer["rendered"]
        return rendered

    def _ask(self, line: bytes) -> bytes:
        process = self._process = self._process or self._started()
        assert process.stdin is not None  # noqa: S101 - both are pipes
        assert process.stdout is not None  # noqa: S101
        answers: queue.Queue[bytes] = queue.Queue()
        out = process.stdout
        threading.Thread(target=lambda: answers.put(out.readline(_MAX_ANSWER_BYTES)), daemon=True).start()
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = answers.get(timeout=_TIMEOUT_S)
        except queue.Empty:
            answer = b""
            reason = f"it took more than {_TIMEOUT_S} s"
        except OSError:
            answer = b""
            reason = "Helm ended"
        else:
            reason = "Helm ended" if not answer else f"it becomes more than {_MAX_ANSWER_BYTES // 1_000_000} MB"
        if answer.endswith(b"\n"):
            return answer
        self._end()
        raise RenderError(reason)

    @staticmethod
    def _started() -> subprocess.Popen[bytes]:
        quiet = {k: v for k, v in os.environ.items() if not k.startswith(("HELM_", "KUBE"))}
        return subprocess.Popen(
            [sys.executable, "-m", "garrison.sources.helm.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**quiet, "GOGC": _GARBAGE},
        )  # fmt: skip

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _archive(name: str, files: Mapping[str, bytes]) -> bytes:
    """A chart as `helm package` makes it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
