"""The gateway as a process: it starts, takes up changes, keeps what is good, and ends in order, whatever happens."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen

import pytest
from cryptography.x509 import load_pem_x509_certificate
from tests.gateway.run.conftest import FILE, Issuer, Running, free_port, shown_certificate

from garrison.errors import ExitCode
from garrison.gateway.certificates import authority
from garrison.gateway.certificates.authority import make

pytestmark = pytest.mark.slow

Run = Callable[..., Running]
SAMPLE = re.compile(
    r'[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="([^"\\\n]|\\.)*",?)*\})? [-+.\w]+'
)  # Prometheus' text format, 0.0.4


def test_it_starts_serves_and_ends(run: Run) -> None:
    gateway = run().ready()
    assert "Envoy 1." in gateway.words()
    assert gateway.status() == 200
    assert gateway.status(token="no.token.really") == 401
    envoy = gateway.envoy()
    assert gateway.end() == 0
    assert gateway.words().rstrip().endswith("ended")
    assert not Path(f"/proc/{envoy}").exists()


def test_requests_that_are_open_may_end(run: Run) -> None:
    gateway = run().ready()
    found: list[int] = []
    asking = Thread(target=lambda: found.append(gateway.status(delay="1")))
    asking.start()
    time.sleep(0.3)
    assert gateway.end() == 0
    asking.join()
    assert found == [200]


def test_a_change_takes_effect_without_a_request_lost(run: Run) -> None:
    gateway = run().ready()
    stop, found = Event(), []

    def load() -> None:
        token = gateway.issuer.token()
        while not stop.is_set():
            found.append(gateway.status(token=token))

    threads = [Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert gateway.status("/v2/models/more") == 404
    gateway.change("[model.iris]", '[model.more]\nupstream = "server"\n\n[model.iris]')
    gateway.until(lambda: gateway.status("/v2/models/more") == 200, 10)
    gateway.change('ml = "data-scientist"', 'mlx = "data-scientist"')
    gateway.until(lambda: gateway.status() == 401, 10)
    gateway.change('mlx = "data-scientist"', 'ml = "data-scientist"')
    gateway.until(lambda: gateway.status() == 200, 10)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(found) == {200, 401}


def test_a_file_that_is_broken_changes_nothing(run: Run) -> None:
    gateway = run().ready()
    gateway.change("[model.iris]", "[modl.iris]")
    gateway.until_said("did you mean model?")
    assert "nothing has been changed" in gateway.words()
    assert gateway.status() == 200
    gateway.change("[modl.iris]", "[model.iris]")
    (gateway.folder / "jwks.json").write_text("{}")
    gateway.until_said("jwks.json is no key set")
    assert gateway.status() == 200
    other = Issuer("two")
    (gateway.folder / "jwks.json").write_text(other.jwks())
    gateway.until(lambda: gateway.status(token=other.token()) == 200, 10)
    assert gateway.status() == 401


def test_a_policy_that_comes_into_a_folder_holds(run: Run, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/own.cedar").write_text("permit (principal, action, resource);")
    gateway = run(FILE + '\n[policy]\ncedar = ["policies"]\n').ready()
    assert gateway.status() == 200
    (tmp_path / "policies/more.cedar").write_text('forbid (principal, action, resource == Model::"iris");')
    gateway.until(lambda: gateway.status() == 403, 10)
    (tmp_path / "policies/more.cedar").unlink()
    gateway.until(lambda: gateway.status() == 200, 10)


def test_a_file_that_is_wrong_from_the_start_starts_nothing(run: Run) -> None:
    gateway = run(FILE.replace("[model.iris]", "[modl.iris]"))
    assert gateway.process.wait(20) == ExitCode.USAGE
    assert "did you mean model?" in gateway.words()


def test_an_envoy_that_is_killed_is_started_again(run: Run) -> None:
    gateway = run().ready()
    before = gateway.envoy()
    os.kill(before, signal.SIGKILL)
    gateway.until_said("Envoy ended by itself (SIGKILL); it is started again")
    gateway.until(lambda: gateway.envoy() not in {0, before}, 10)

    def serves() -> bool:
        try:
            return gateway.status() == 200
        except OSError:
            return False

    gateway.until(serves, 10)


def answers(gateway: Running, token: str = "") -> int:
    """The status of an answer; 0 where nobody answers."""
    try:
        return gateway.status(token=token)
    except (OSError, http.client.HTTPException):
        return 0


def serves(gateway: Running) -> bool:
    return answers(gateway) == 200


def test_an_envoy_that_refuses_what_it_is_given_is_stopped(run: Run) -> None:
    gateway = run().ready()
    routes = gateway.folder / "s/envoy/routes/garrison.json"
    said = {"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", "name": "garrison"}
    broken = json.dumps({"resources": [{**said, "virtual_hosts": [{"name": "none", "domains": []}]}]})

    def refused() -> bool:
        """A guard that has just read a file reads it once more, and may put ours right."""
        with contextlib.suppress(OSError):
            routes.with_name(".broken").write_text(broken)
            routes.with_name(".broken").rename(routes)
        return "Envoy refuses a part of its configuration" in gateway.words()

    gateway.until(refused)
    assert not serves(gateway)
    time.sleep(1.5)  # it is not tried again with what was refused
    assert not serves(gateway)
    gateway.change("per-second = 100000", "per-second = 100001")
    gateway.until(lambda: serves(gateway), 10)


def test_an_envoy_that_cannot_be_told_is_stopped_until_it_can(run: Run) -> None:
    gateway = run().ready()
    filters = gateway.folder / "s/envoy/filters"
    kept = {file: file.read_bytes() for file in filters.glob("*.json")}
    for file in kept:  # where a folder stands, no file can be put
        file.rename(file.with_suffix(".old"))
        (file / "x").mkdir(parents=True)
    gateway.change('ml = "data-scientist"', 'nobody = "data-scientist"')
    gateway.until_said("Envoy is stopped, as it cannot be told whom to let in no more")
    assert not serves(gateway)
    for file in kept:
        shutil.rmtree(file)
    ours = gateway.issuer.token(groups=["nobody"])
    gateway.until(lambda: answers(gateway, ours) == 200, 10)
    assert gateway.status() == 401  # what could not be told before is in force now


def test_an_envoy_does_not_outlive_its_guard(run: Run) -> None:
    gateway = run().ready()
    envoy = gateway.envoy()
    os.kill(gateway.process.pid, signal.SIGKILL)
    gateway.process.wait()
    gateway.until(lambda: _is_gone(envoy), 10)


def test_two_do_not_share_a_state(run: Run) -> None:
    first = run().ready()
    second = Running(first.folder, first.port, first.issuer)
    assert second.process.wait(20) == ExitCode.USAGE
    assert "another gateway runs on" in second.words()
    assert first.status() == 200


def test_a_port_that_is_taken_is_an_error(run: Run, upstream: int) -> None:
    gateway = run(FILE.replace("{port}", str(upstream)))
    assert gateway.process.wait(40) == ExitCode.USAGE
    assert "cannot listen" in gateway.words()


def test_below_the_floor_of_the_disk_nobody_is_let_in(run: Run) -> None:
    gateway = run().ready()
    assert gateway.status() == 200
    free_mb = shutil.disk_usage(gateway.folder).free // (1024 * 1024)
    gateway.change("[limits]", f"[log]\nfree-mb = {free_mb + 10_000}\n\n[limits]")
    gateway.until(lambda: gateway.status() == 503, 10)
    assert "nobody is let in" in gateway.words()
    gateway.change(f"free-mb = {free_mb + 10_000}", "free-mb = 0")
    gateway.until(lambda: gateway.status() == 200, 10)
    assert "there is space again" in gateway.words()


def test_metrics_are_there_for_prometheus_and_nothing_else_is(run: Run) -> None:
    port = free_port()
    gateway = run(FILE.replace("drain-s = 5", f'drain-s = 5\nmetrics = "127.0.0.1:{port}"')).ready()
    assert gateway.status() == 200
    gateway.status(token="no.token.really")

    def counted() -> dict[str, int]:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert answer.headers["content-type"].startswith("text/plain")
            text = answer.read().decode()
        assert all(SAMPLE.fullmatch(line) for line in text.splitlines() if line and not line.startswith("#"))
        told = r'^envoy_http_downstream_rq_xx\{envoy_response_code_class="(.)",envoy_http_conn_manager_prefix="local"\} (\d+)$'
        return {kind: int(number) for kind, number in re.findall(told, text, re.MULTILINE)}

    gateway.until(lambda: (counted()["2"], counted()["4"]) == (1, 1), 5)
    with urlopen(f"http://127.0.0.1:{port}/ready", timeout=5) as answer:
        assert answer.read().strip() == b"LIVE"
    for method, path in (("GET", "/"), ("GET", "/config_dump"), ("GET", "/stats"), ("POST", "/quitquitquit"), ("POST", "/metrics")):  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request(method, path)
        assert connection.getresponse().status == 404
        connection.close()


def test_metrics_tell_when_certificates_end(run: Run, tmp_path: Path) -> None:
    make(tmp_path, [], [])
    port = free_port()
    tls = (
        'address = "127.0.0.1:{port}"\ntls = {{ certificate = "server.pem", key = "server.key", client-ca = "ca.pem" }}'
    )
    text = FILE.replace('address = "127.0.0.1:{port}"', tls)
    run(text.replace("drain-s = 5", f'drain-s = 5\nmetrics = "127.0.0.1:{port}"')).ready()
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        told = answer.read().decode()
    for name, file in (("local-certificate", "server.pem"), ("local-clients", "ca.pem")):
        end = load_pem_x509_certificate((tmp_path / file).read_bytes()).not_valid_after_utc
        metric = "envoy_listener_ssl_certificate_expiration_unix_time_seconds"
        assert re.search(rf'^{metric}{{envoy_tls_certificate="{name}",.*}} {end.timestamp():.0f}$', told, re.MULTILINE)


def test_a_log_that_is_moved_away_is_opened_anew(run: Run) -> None:
    gateway = run().ready()
    gateway.status()
    log = gateway.folder / "s/audit.jsonl"
    gateway.until(log.read_text, 5)
    log.rename(log.with_suffix(".1"))
    gateway.process.send_signal(signal.SIGHUP)
    gateway.until(log.exists, 5)
    gateway.status()
    gateway.until(log.read_text, 5)


def test_certificates_are_taken_up_and_broken_ones_are_not(run: Run, tmp_path: Path) -> None:
    make(tmp_path, [], [])
    tls = 'address = "127.0.0.1:{port}"\ntls = {{ certificate = "server.pem", key = "server.key" }}'
    gateway = run(FILE.replace('address = "127.0.0.1:{port}"', tls)).ready()
    before = shown_certificate(gateway.port)
    make(tmp_path, ["localhost"], [])
    gateway.until(lambda: shown_certificate(gateway.port) != before, 10)
    after = shown_certificate(gateway.port)
    (tmp_path / "server.pem").write_text("nothing")
    gateway.until_said("holds no certificate")
    assert shown_certificate(gateway.port) == after


def test_a_certificate_that_ends_while_it_is_shown_is_told(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "_LEAF_DAYS", 6 / 86_400)
    make(tmp_path, [], [])
    tls = 'address = "127.0.0.1:{port}"\ntls = {{ certificate = "server.pem", key = "server.key" }}'
    gateway = run(FILE.replace('address = "127.0.0.1:{port}"', tls)).ready()
    assert "server.pem ends on" in gateway.words()
    gateway.until_said("server.pem ended on")
    assert shown_certificate(gateway.port)  # clients judge it for themselves


def _is_gone(process: int) -> bool:
    """Whether a process has ended, if perhaps nobody has asked how."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
