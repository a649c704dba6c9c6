"""The process that renders: `python -m garrison.sources.helm.worker`, a chart a line.

Helm's engine is Go code in a library: a panic in it ends the process, and a template may turn in circles. Here that costs
a chart, not the scan. A line in is {"name", "chart" (a .tgz, base64), "values"}; a line out is {"rendered": {path: text}}
or {"error": text}.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
from typing import Any

_MAX_MEMORY_BYTES = 6_000_000_000  # of addresses, of which Go takes many more than it uses


def render(said: dict[str, Any]) -> dict[str, Any]:
    """One chart. What Helm says of it where it cannot be rendered is part of the answer."""
    import helm_python

    try:
        with helm_python.Chart.load_archive(base64.b64decode(said["chart"])) as chart:
            return {"rendered": chart.render(said["values"], name=said["name"], namespace="default")}
    except helm_python.HelmError as error:
        return {"error": str(error)}


def main() -> None:
    """Answer until there is no more to read."""
    resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
    for line in sys.stdin.buffer:
        sys.stdout.write(f"{json.dumps(render(json.loads(line)))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
