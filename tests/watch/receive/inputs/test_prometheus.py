"""Exporters as they are: Debian's node_exporter, dcgm-exporter by a page of ours, and what is none."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.watch.receive.conftest import Kept, failing, running, until

from garrison.errors import BusyError, ConfigError, GarrisonError, UnmappedError
from garrison.gateway.certificates.authority import make
from garrison.watch.receive.inputs import prometheus
from garrison.watch.receive.metrics import Metric, samples, usual

pytest.importorskip("prometheus_client")
pytestmark = pytest.mark.slow

GPU = """# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",device="nvidia0",modelName="NVIDIA H100",Hostname="gpu-1",container="main",namespace="ml",pod="trainer-0"} 98
DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="GPU-2",device="nvidia1",modelName="NVIDIA H100",Hostname="gpu-1"} 2
# TYPE DCGM_FI_DEV_XID_ERRORS gauge
DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="GPU-1",Hostname="gpu-1"} 79
# TYPE DCGM_FI_DEV_FB_USED gauge
DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-1",Hostname="gpu-1"} NaN
# TYPE DCGM_FI_DEV_SM_CLOCK gauge
DCGM_FI_DEV_SM_CLOCK{gpu="0",UUID="GPU-1",Hostname="gpu-1"} 1980
"""


@contextlib.contextmanager
def showing(
    page: bytes, *, tls: ssl.SSLContext | None = None, credential: str = "", status: int = 200
) -> Iterator[int]:
    """A page as an exporter shows it, to who has the credential."""

    class Shows(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers.get("Authorization", "") == credential
            self.send_response(status if allowed else 401)
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(page if allowed else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shows)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_node_exporter(kept: Kept) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with subprocess.Popen(command) as exporter:
        try:
            until(lambda: _answers(port))
            said: dict[str, Any] = {"url": f"http://127.0.0.1:{port}/metrics", "host": "gpu-1", "every-s": 1}
            with running(prometheus, kept.around, **said):
                until(lambda: len([one for one in kept.samples if one.name == "up"]) >= 2)
        finally:
            exporter.terminate()
    names = {one.name for one in kept.samples}
    assert {"up", "node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_load1"} <= names <= {"up", *usual()}
    assert {one.host for one in kept.samples} == {"gpu-1"}
    modes = {one.labels["mode"] for one in kept.samples if one.name == "node_cpu_seconds_total"}
    assert {"idle", "user", "system"} <= modes


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def test_gpus(kept: Kept) -> None:
    with showing(GPU.encode()) as port:
        said: dict[str, Any] = {"url": f"http://127.0.0.1:{port}/metrics", "metrics": ["DCGM_FI_DEV_SM_CLOCK"]}
        with running(prometheus, kept.around, **said):
            until(lambda: bool(kept.samples))
    told = [(one.name, one.value, one.host, one.labels.get("gpu")) for one in kept.samples[1:]]
    assert told == [
        ("DCGM_FI_DEV_GPU_UTIL", 98, "gpu-1", "0"),
        ("DCGM_FI_DEV_GPU_UTIL", 2, "gpu-1", "1"),
        ("DCGM_FI_DEV_XID_ERRORS", 79, "gpu-1", "0"),
        ("DCGM_FI_DEV_SM_CLOCK", 1980, "gpu-1", "0"),
    ]
    assert (kept.samples[0].name, kept.samples[0].value) == ("up", 1)


@pytest.fixture
def here(kept: Kept, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Kept:
    folder = tmp_path_factory.mktemp("authority")
    make(folder, ["127.0.0.1", "localhost"], [])
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "empty").write_text("")
    return kept


CREDENTIALS = [
    ({"token-file": "token"}, "Bearer abc"),
    ({"user": "ann", "password-file": "token"}, "Basic YW5uOmFiYw=="),
]


@pytest.mark.parametrize(("said", "credential"), CREDENTIALS)
def test_with_tls_and_a_credential(here: Kept, tmp_path: Path, said: Mapping[str, Any], credential: str) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    with showing(GPU.encode(), tls=tls, credential=credential) as port:
        url = f"https://127.0.0.1:{port}/metrics"
        with running(prometheus, here.around, url=url, **{"ca-file": "ca.pem", **said}):
            until(lambda: len(here.samples) == 4)
        with pytest.raises(BusyError, match="certificate verify failed"):
            failing(prometheus, here.around, url=url)
        with pytest.raises(BusyError, match="401"):
            failing(prometheus, here.around, url=url, **{"ca-file": "ca.pem"})
    assert here.samples[-1].value == 0


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"url": "ftp://a/"}, "no URL"),
        ({"url": "http://ann:secret@127.0.0.1/"}, "no URL"),
        ({"url": "http://gpu-1.example/metrics", "token-file": "token"}, "plaintext"),
        ({"url": "https://a/", "user": "ann"}, "by halves"),
        ({"url": "https://a/", "metrics": ["a{b}"]}, "no metric"),
        ({"url": "https://a/", "ca-file": "absent.pem"}, "No such file"),
        ({"url": "https://127.0.0.1:1/", "token-file": "absent"}, "cannot be read"),
        ({"url": "https://127.0.0.1:1/", "token-file": "empty"}, "no secret"),
    ],
)
def test_what_cannot_hold_is_refused(here: Kept, said: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as raised:
        failing(prometheus, here.around, **said)
    assert "abc" not in str(raised.value)


@pytest.mark.parametrize(
    ("page", "status", "why"),
    [(b"a{b=c} d\n", 200, "no exposition"), (b"", 500, "500"), (b"a 1\n" * 20_000_000, 200, "too much")],
)
def test_what_is_no_exporter(kept: Kept, page: bytes, status: int, why: str) -> None:
    with showing(page, status=status) as port, pytest.raises(GarrisonError, match=why):
        failing(prometheus, kept.around, url=f"http://127.0.0.1:{port}/")
    assert [(one.name, one.value) for one in kept.samples] == [("up", 0)]


@given(st.text(max_size=200))
def test_any_text_is_samples_or_said_to_be_none(text: str) -> None:
    with contextlib.suppress(UnmappedError):
        list(samples(text + "\n" + GPU, usual(), "here", 1))


def test_series_that_are_left_out() -> None:
    metric = Metric("a", {"fstype": "tmpfs|fuse\\..*"})
    taken = {kind: metric.takes({"fstype": kind}) for kind in ("tmpfs", "fuse.ssh", "ext4", "tmpfs2", "")}
    assert taken == {"tmpfs": False, "fuse.ssh": False, "ext4": True, "tmpfs2": True, "": True}
