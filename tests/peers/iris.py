"""Train a tiny classifier, and write what MLServer needs to serve it under two names; run by the peers' Python.

Usage: iris.py FOLDER HTTP_PORT GRPC_PORT METRICS_PORT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

MODELS = ("iris", "other")


def main(folder: Path, http: int, grpc: int, metrics: int) -> None:
    """Fill the folder."""
    settings = {
        "host": "127.0.0.1",
        "http_port": http,
        "grpc_port": grpc,
        "metrics_port": metrics,
        "metrics_dir": str(folder / "metrics"),
        "parallel_workers": 0,
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    samples, kinds = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500).fit(samples, kinds)
    for name in MODELS:
        (folder / name).mkdir()
        joblib.dump(model, folder / name / "model.joblib")
        told = {
            "name": name,
            "implementation": "mlserver_sklearn.SKLearnModel",
            "parameters": {"uri": "./model.joblib", "version": "1"},
            "inputs": [{"name": "predict", "datatype": "FP64", "shape": [-1, 4]}],
            "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1, 1]}],
        }
        (folder / name / "model-settings.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *(int(port) for port in sys.argv[2:5]))
