"""A client that is held to less for a while, in a gateway that runs."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from tests.gateway.quota.conftest import Running

from garrison.errors import ConfigError, UsageError
from garrison.gateway.file.read import read
from garrison.gateway.run.tightened import Tightened, path_of, read_tightened, tighten
from garrison.ledger import Ledger
from garrison.ledger.entry import parse
from garrison.ledger.keys.file import write_secret
from garrison.ledger.note import Ed25519Signer
from garrison.ledger.settings import FILE as SETTINGS

pytestmark = pytest.mark.slow


def garrison(gateway: Running, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "garrison", "gateway", "tighten", str(gateway.file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def refused(gateway: Running, client: str, times: int = 10) -> int:
    return sum(gateway.infer(client=client).status == 429 for _ in range(times))


def held(per_second: float, seconds: float) -> Tightened:
    return Tightened(per_second, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds), "tests", "service:tests")


def test_one_client_is_held_to_less_and_nobody_else(run: Callable[..., Running]) -> None:
    gateway = run("")
    assert (refused(gateway, "ada"), refused(gateway, "bob")) == (0, 0)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    done = garrison(gateway, "--client", "ada", "--per-second", "0.2", "--minutes", "5", "--reason", "alert 12")
    assert done.returncode == 0, done.stderr
    began = time.monotonic()
    statuses = []
    while refused(gateway, "ada", 3) < 2:
        assert time.monotonic() - began < 5, gateway.words()
        said = {"x-api-key": gateway.keys["bob"], "content-type": "application/json"}
        connection.request("POST", "/v2/models/iris/infer", json.dumps({"inputs": []}), said)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    assert refused(gateway, "ada", 20) >= 19
    assert refused(gateway, "bob", 20) == 0
    assert set(statuses) <= {200}
    connection.close()
    assert "ada: 0.2 a second until" in garrison(gateway).stdout
    assert "held to less: ada" in gateway.words()
    assert garrison(gateway, "--client", "ada", "--end", "--reason", "it was nothing").returncode == 0
    gateway.until(lambda: refused(gateway, "ada") == 0, 5)
    assert garrison(gateway).stdout == ""


def test_whoever_is_held_to_less_nobodys_bucket_is_filled(run: Callable[..., Running]) -> None:
    gateway = run("", model="limits = { rate = { per-second = 0.01, burst = 3 } }\n")
    loaded = read(gateway.file)
    assert refused(gateway, "bob", 4) == 1

    def put(client: str, per_second: float | None) -> None:
        lines = len(gateway.words().splitlines())
        tighten(loaded, client, None if per_second is None else held(per_second, 600), dt.datetime.now(dt.UTC))
        gateway.until(lambda: "held to less: " in "\n".join(gateway.words().splitlines()[lines:]), 5)
        time.sleep(0.2)

    put("eve", 0.01)
    assert (refused(gateway, "eve", 4), refused(gateway, "bob", 4)) == (4, 4)  # for the model, too, nothing was left
    assert [gateway.chat(client="eve").status for _ in range(2)] == [429, 429]
    for client, per_second in (("ada", 0.3), ("ada", 7), ("zoe", 0.001), ("ada", None), ("zoe", None)):
        put(client, per_second)
        assert refused(gateway, "bob", 4) == 4
        assert gateway.chat(client="eve").status == 429
    for old, new in (
        ("[limits]\n", "[limits]\nrole.data-scientist = { per-second = 90, burst = 77 }\n"),
        ("[model.chat]\n", "[model.chat]\nlimits = { rate = { per-second = 5, burst = 31 } }\n"),
        ("burst = 77", "burst = 500"),
        ("burst = 31", "burst = 7"),
        ("limits = { rate = { per-second = 5, burst = 7 } }\n", ""),
    ):
        lines = len(gateway.words().splitlines())
        gateway.change(old, new)
        gateway.until(lambda: "in force: " in "\n".join(gateway.words().splitlines()[lines:]), 10)  # noqa: B023
        time.sleep(0.2)
        assert refused(gateway, "bob", 4) == 4, new
        assert gateway.chat(client="eve").status == 429


def test_it_ends_by_itself_and_outlives_a_restart_until_then(run: Callable[..., Running]) -> None:
    gateway = run("")
    loaded = read(gateway.file)
    tighten(loaded, "ada", held(0.1, 8), dt.datetime.now(dt.UTC))
    gateway.until(lambda: refused(gateway, "ada", 3) >= 2, 5)
    assert gateway.end() == 0
    again = Running(gateway.folder, gateway.port, gateway.keys).ready()
    try:
        assert refused(again, "ada", 5) >= 4
        again.until(lambda: refused(again, "ada", 5) == 0, 12)
        assert refused(again, "ada", 20) == 0
    finally:
        again.end()


def test_a_file_that_cannot_be_read_changes_nothing(run: Callable[..., Running]) -> None:
    gateway = run("")
    loaded = read(gateway.file)
    tighten(loaded, "ada", held(0.1, 600), dt.datetime.now(dt.UTC))
    gateway.until(lambda: refused(gateway, "ada", 3) >= 2, 5)
    path_of(loaded).write_text("{")
    gateway.until(lambda: "still is" in gateway.words(), 5)
    assert refused(gateway, "ada", 5) >= 4
    with pytest.raises(ConfigError, match="does not say what is tightened"):
        read_tightened(path_of(loaded))


def test_a_change_of_the_file_keeps_it(run: Callable[..., Running]) -> None:
    gateway = run("")
    tighten(read(gateway.file), "ada", held(0.1, 600), dt.datetime.now(dt.UTC))
    gateway.until(lambda: refused(gateway, "ada", 3) >= 2, 5)
    gateway.change("client = { per-second = 100000 }", "client = { per-second = 90000 }")
    gateway.until(lambda: "in force: " in gateway.words(), 10)
    assert refused(gateway, "ada", 10) >= 8
    assert refused(gateway, "bob", 10) == 0


def test_the_ledger_hears_of_it(run: Callable[..., Running]) -> None:
    gateway = run("")
    gateway.end()
    signer = Ed25519Signer.generate("example.com/audit")
    write_secret(gateway.folder / "key", signer.secret.encode())
    Ledger.create(gateway.folder / "audit", signer).close()
    (gateway.folder / "audit" / SETTINGS).write_text('[key]\nlocation = "../key"\n')
    gateway.change("[gateway]\n", '[gateway]\nledger = "audit"\n')
    said = ("--client", "ada", "--reason", "alert 12", "--actor", "service:garrison-watch")
    assert garrison(gateway, *said, "--per-second", "1").returncode == 0
    assert garrison(gateway, *said, "--end").returncode == 0
    found = [parse(data) for data in Ledger.open(gateway.folder / "audit").entries()]
    assert [(entry.kind, entry.action, entry.actor) for entry in found] == [("policy.change", "change", said[-1])] * 2
    assert "at most 1 a second until" in found[0].details["summary"]
    assert found[0].object is not None
    assert found[0].object.name == "client ada"


def test_what_cannot_be_meant_is_refused(run: Callable[..., Running]) -> None:
    gateway = run("")
    for wrong in (
        ("--client", "ada"),
        ("--client", "ada", "--per-second", "1"),
        ("--client", "ada", "--end", "--reason", "x"),
    ):
        assert garrison(gateway, *wrong).returncode == 2
    loaded, now = read(gateway.file), dt.datetime.now(dt.UTC)
    for number in range(3):
        tighten(loaded, f"c{number}", held(1, 600), now)
    with pytest.raises(UsageError, match="not held to less"):
        tighten(loaded, "nobody", None, now)
    for client in ("x" * 129, ""):
        with pytest.raises(UsageError, match="cannot be kept"):
            tighten(loaded, client, held(1, 600), now)
    assert set(read_tightened(path_of(loaded))) == {"c0", "c1", "c2"}
