"""How soon what has been decided is in force, while requests go on: revoked keys and changed policies."""

from __future__ import annotations

import http.client
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import stack
from garrison.gateway.keys.secret import id_of
from load import Server, burst
from measure import line

_GOAL_MS = 100.0
_PATIENCE_S = 10.0
_FORBID = 'forbid (principal == Client::"{client}", action == Action::"infer", resource);\n'


def changes(folder: Path, *, times: int) -> None:
    """Measure both: from the return of the command, or of the renaming, to the first answer that differs."""
    (folder / "none").touch()
    with stack.upstream(folder) as upstream:
        made = stack.site(folder / "a", upstream, clients=times + 2)
        others = stack.written(folder / "others", f"{stack.infer(0)} x-api-key {made.secrets[0]}\n")
        body = stack.bodies(folder)[1_000]
        with stack.gateway(made, targets=others) as server:
            load = Load(server, body)
            load.start()
            revoked = [_revoke(made, body, number) for number in range(2, times + 2)]
            policies = [step for _ in range(max(1, times // 2)) for step in _policy(made, body)]
            failed = load.end()
    _say("a key revoked", revoked)
    _say("a policy changed", policies)
    line(f"  of {load.requests} other requests, failed", failed, 0, "")


def _say(name: str, found: list[float]) -> None:
    line(f"{name}, under load: in force after, median", statistics.median(found) * 1000, _GOAL_MS, "ms")
    line(f"  at the longest of {len(found)}", max(found) * 1000, _GOAL_MS, "ms")


class Load(Thread):
    """Requests of another client, all the time."""

    def __init__(self, server: Server, body: Path) -> None:
        super().__init__(daemon=True)
        self.server, self.body, self.over = server, body, Event()
        self.requests = self.failed = 0

    def run(self) -> None:
        while not self.over.is_set():
            found = burst(self.server, self.body, connections=4, pause_ms=2, strict=False)
            self.requests += found.requests
            self.failed += found.failed

    def end(self) -> int:
        """How many have failed."""
        self.over.set()
        self.join()
        return self.failed


class Probe(Thread):
    """One client that asks without a pause until it is answered otherwise."""

    def __init__(self, made: stack.Site, body: Path, secret: str, awaited: int) -> None:
        super().__init__(daemon=True)
        self.made, self.body, self.secret, self.awaited = made, body.read_bytes(), secret, awaited
        self.seen_at, self.last = 0.0, 0
        self.asking = Event()

    def run(self) -> None:
        headers = {"x-api-key": self.secret, "content-type": "application/json"}
        until = time.monotonic() + _PATIENCE_S
        with closing(http.client.HTTPConnection("127.0.0.1", self.made.port, timeout=_PATIENCE_S)) as connection:
            while time.monotonic() < until:
                connection.request("POST", stack.infer(0), self.body, headers)
                answer = connection.getresponse()
                answer.read()
                self.last = answer.status
                if answer.status == self.awaited:
                    self.seen_at = time.monotonic()
                    return
                self.asking.set()

    def waited_s(self, since: float) -> float:
        """From a moment to the first answer of that kind; 0 if it came before. Raises RuntimeError if none came."""
        self.join()
        if not self.seen_at:
            raise RuntimeError(f"no {self.awaited} within {_PATIENCE_S} s: {self.last}")
        return max(0.0, self.seen_at - since)


def _probe(made: stack.Site, body: Path, secret: str, awaited: int) -> Probe:
    probe = Probe(made, body, secret, awaited)
    probe.start()
    probe.asking.wait(_PATIENCE_S)
    return probe


def _revoke(made: stack.Site, body: Path, number: int) -> float:
    secret = made.secrets[number]
    probe = _probe(made, body, secret, 401)
    command = [sys.executable, "-m", "garrison", "keys", "revoke", id_of(secret), "--reason", "left"]
    subprocess.run([*command, "--store", str(made.store)], check=True, capture_output=True)
    return probe.waited_s(time.monotonic())


def _policy(made: stack.Site, body: Path) -> tuple[float, float]:
    """Forbidden, and permitted again."""
    steps = []
    for text, awaited in ((_FORBID.format(client="client-1"), 403), ("", 200)):
        probe = _probe(made, body, made.secrets[1], awaited)
        stack.written(made.folder / "own.cedar", text)
        steps.append(probe.waited_s(time.monotonic()))
    return steps[0], steps[1]


if __name__ == "__main__":
    from load import scratch

    with scratch() as _folder:
        changes(Path(_folder), times=15)
