"""Servers are found where commands start them, with what is known of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets import Asset
from garrison.estate.assets.host import Process, Unit
from garrison.sources import launch
from garrison.sources.discover import discover
from garrison.sources.mapping.assemble import assets_of


def read(top: Path, files: dict[str, str]) -> list[Asset]:
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    tree = discover(top)
    assets = list(assets_of("launch", launch.read([f for f in tree.files.values() if launch.claims(f)], tree)))
    assert not tree.problems
    return assets


def started(top: Path, script: str, name: str = "start.sh") -> list[tuple[str, int, bool | None]]:
    """Server, line, and whether everybody who reaches the machine may use it."""
    found = [a for a in read(top, {name: script}) if isinstance(a, Process)]
    return [(a.name.text(), a.place.line, a.unauthenticated.answer) for a in found]


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("jupyter lab --ip=0.0.0.0 --ServerApp.token=''", [("jupyter", 1, True)]),
        ("jupyter lab --ServerApp.token=''", [("jupyter", 1, False)]),
        ("jupyter lab --ip 127.0.0.1 --ServerApp.token=''", [("jupyter", 1, False)]),
        ("exec sudo -u ml env A=b /opt/bin/jupyter lab --ip=* --NotebookApp.token=", [("jupyter", 1, True)]),
        ("conda run -n x marimo edit --no-token --host 0.0.0.0", [("marimo", 1, True)]),
        ("bash -lc \"cd /x && jupyter lab --ip=:: --ServerApp.token=''\"", [("jupyter", 1, True)]),
        ("mlflow server --host 0.0.0.0", [("mlflow", 1, None)]),  # the caller may set MLFLOW_APP_NAME
        ("mlflow server --host 0.0.0.0 --app-name basic-auth", [("mlflow", 1, False)]),
        ("tensorboard --logdir x --bind_all", [("tensorboard", 1, True)]),
        ("tensorboard --logdir x", [("tensorboard", 1, False)]),
        ("python -m vllm.entrypoints.openai.api_server --api-key $KEY", [("vllm", 1, False)]),
        ("export VLLM_API_KEY=$K\nvllm serve m", [("vllm", 2, False)]),
        ("VLLM_API_KEY=$K vllm serve m", [("vllm", 1, False)]),
        ("xinference-local -H ${HOST:-0.0.0.0}", [("xinference", 1, True)]),
        ("dask scheduler --host $HOST", [("dask", 1, None)]),
        ('streamlit run app.py "$@"', [("streamlit", 1, None)]),
        ("echo mlflow server --host 0.0.0.0", []),
        ("pip install jupyter lab", []),
        ("# ray start --head", []),
        ("pkill -f 'ray start'", []),
        ("docker run -p 8888:8888 jupyter/base-notebook start.sh jupyter lab --NotebookApp.token=''", [("jupyter", 1, True)]),
        ("docker run --rm -p 127.0.0.1:8888:8888 jupyter/base-notebook --NotebookApp.token=''", [("jupyter", 1, False)]),
        ("docker run -d jupyter/base-notebook start-notebook.sh --NotebookApp.token=''", [("jupyter", 1, False)]),
        ("docker run -dit --net host qdrant/qdrant:v1.15.0", [("qdrant", 1, True)]),
        ("docker run -p6333:6333 -e QDRANT__SERVICE__API_KEY=$K qdrant/qdrant:v1.15.0", [("qdrant", 1, False)]),
        ("docker run -p6333:6333 -e QDRANT__SERVICE__API_KEY qdrant/qdrant:v1.15.0", [("qdrant", 1, False)]),
        ("podman run -p 6333:6333 --env-file x.env qdrant/qdrant", [("qdrant", 1, None)]),
        ("docker run $OPTIONS -p 6333:6333 qdrant/qdrant", [("qdrant", 1, None)]),
        ("/opt/tritonserver/bin/perf_analyzer -m x", []),
        ("RUN=('cp /opt/tritonserver x')", []),
        ("docker build -t qdrant/qdrant .", []),
        ("docker exec qdrant ray status", []),
    ],
)  # fmt: skip
def test_scripts(tmp_path: Path, script: str, found: list[tuple[str, int, bool | None]]) -> None:
    assert started(tmp_path, script) == found


def test_what_a_script_installed_before_tells_the_version(tmp_path: Path) -> None:
    (found,) = read(tmp_path, {"start.sh": "pip install 'ray[default]==2.5.1' x==1\nray start --head\n"})
    assert isinstance(found, Process)
    assert found.server is not None
    assert found.server.version is not None
    assert found.server.version.text == "2.5.1"
    assert found.server.pinned.place is not None
    assert found.server.pinned.place.line == 1


def test_a_procfile(tmp_path: Path) -> None:
    text = "web: streamlit run app.py --server.port $PORT\nworker: python work.py\nray: ray start --head\n"
    assert started(tmp_path, text, "Procfile") == [("streamlit", 1, True), ("ray", 3, None)]


def test_a_cluster_file_of_ray(tmp_path: Path) -> None:
    text = "cluster_name: train\nhead_start_ray_commands:\n  - ray stop\n  - ulimit -n 65536; ray start --head --dashboard-host=0.0.0.0\n"
    assert started(tmp_path, text, "cluster.yaml") == [("ray", 4, True)]


def test_a_script_is_told_by_its_first_line(tmp_path: Path) -> None:
    assert started(tmp_path, "#!/bin/sh\nray start --head --node-ip-address=127.0.0.1\n", "run") == [("ray", 2, False)]
    assert started(tmp_path, "ray start --head\n", "notes") == [("ray", 2, False)]


def test_addresses_do_not_depend_on_lines(tmp_path: Path) -> None:
    found = read(tmp_path, {"bin/start.sh": "ray start --head\nsleep 1\nray start --head\nmlflow ui\n"})
    assert [a.address for a in found] == ["bin:start.sh/ray", "bin:start.sh/ray#2", "bin:start.sh/mlflow"]


UNIT = """[Unit]
Description=Tracking
[Service]
User=mlflow
{more}
ExecStart=/opt/mlflow/bin/mlflow server \\
    --host 0.0.0.0 \\
# a comment between
    --app-name ${{APP}}
[Install]
ExecStart=nothing
"""


def unit(top: Path, more: str, **others: str) -> Unit:
    files = {"mlflow.service": UNIT.format(more=more), **{n.replace("__", "/"): t for n, t in others.items()}}
    (found,) = (a for a in read(top, files) if isinstance(a, Unit))
    return found


@pytest.mark.parametrize(
    ("more", "is_open"),
    [
        ("", None),
        ("Environment=APP=basic-auth", False),
        ('Environment="APP=other" B=c', True),
        ("Environment=APP=basic-auth\nEnvironment=\nEnvironment=APP=other", True),
        ("EnvironmentFile=-/etc/mlflow/env", None),
    ],
)
def test_variables_of_a_unit(tmp_path: Path, more: str, is_open: bool | None) -> None:
    (process,) = unit(tmp_path, more).processes
    assert process.unauthenticated.answer is is_open
    assert process.place.line == 6 + more.count("\n")


def test_a_file_of_variables_beside_a_unit_is_read(tmp_path: Path) -> None:
    made = unit(tmp_path, "EnvironmentFile=/etc/mlflow/mlflow.env", **{"mlflow.env": "# x\nexport APP='other'\n"})
    assert made.processes[0].unauthenticated.yes


def test_drop_ins_come_after_the_unit(tmp_path: Path) -> None:
    (tmp_path / "mlflow.service.d").mkdir()
    made = unit(
        tmp_path,
        "",
        **{"mlflow.service.d__10.conf": "[Service]\nUser=\nDynamicUser=yes\nExecStart=\nExecStart=ray start --head\n"},
    )
    assert [p.name.text() for p in made.processes] == ["ray"]
    assert made.user.is_absent().yes
    assert made.dynamic_user.yes
    assert made.runs_as_root.no


@pytest.mark.parametrize(
    ("more", "confined"),
    [("", False), ("ProtectSystem=false", False), ("ProtectSystem=strict", True), ("NoNewPrivileges=true", True)],
)
def test_confinement(tmp_path: Path, more: str, confined: bool) -> None:
    assert unit(tmp_path, more).confined.answer is confined


def test_units_of_a_person_do_not_run_as_root(tmp_path: Path) -> None:
    text = UNIT.format(more="").replace("User=mlflow\n", "")
    (found,) = (a for a in read(tmp_path, {"systemd/user/mlflow.service": text}) if isinstance(a, Unit))
    assert found.runs_as_root.no


def test_a_unit_that_only_adds_to_another_is_none(tmp_path: Path) -> None:
    assert (
        read(tmp_path, {"x.service": "[Service]\nUser=x\n", "y.service": "", "z.service": "\0\xff[Service\nExecStart"})
        == []
    )
