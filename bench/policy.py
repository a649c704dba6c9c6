"""What decisions cost: `make bench-policy`.

    python bench/policy.py [--decisions 20000]

Cedar alone, as text and as handles, with and without slicing; the table for 500 models; and the authorisation service, in
CPU seconds of its processes from start to end, less those of a start without questions. Ratios are of one run.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import cedarpy

from garrison.gateway.authorise.bundle import Bundle, write_bundle
from garrison.gateway.authorise.server import command
from garrison.policy.actions import Action
from garrison.policy.decide import Judge
from garrison.policy.policies import Policies, read_policies
from garrison.policy.request import (
    Json,
    Model,
    Request,
    client_entity,
    context,
    euid,
    model_entities,
    role_entities,
)
from garrison.policy.table import table
from garrison.policy.vocabulary import read_vocabulary
from measure import line

_MODELS = 500
_PROCESSES = 2
_TABLE_S = 2  # of the three seconds in which a whole gateway is to be compiled
_ASKED = (
    b"POST /v2/models/m7/infer HTTP/1.1\r\nhost: a\r\nx-garrison-client: batch\r\nx-garrison-role: service\r\n"
    b"x-garrison-action: infer\r\nx-garrison-model: m7\r\nx-garrison-login: key\r\nx-garrison-source: 10.0.0.7\r\n\r\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=20_000)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        _cedar(Path(folder))
        _tables(Path(folder))
        _service(Path(folder), said.decisions)


def _policies(folder: Path, text: str) -> Policies:
    (folder / "own.cedar").write_text(text)
    return read_policies([folder / "own.cedar"], read_vocabulary())


def _models(labels: int = 1) -> list[Model]:
    return [Model(f"m{n}", frozenset({f"label-{n % labels}"})) for n in range(_MODELS)]


def _mixed(count: int) -> str:
    """Policies of which a quarter is about any one action, and most of what is left about another model."""
    actions = (Action.INFER, Action.TRAIN, Action.LOAD_MODEL, Action.ADMIN)
    return "\n".join(
        f'permit (principal in Role::"service", action == Action::"{actions[n % 4]}", resource == Model::"m{n}")'
        f" when {{ context.hour < {n % 24} || resource.labels.contains(principal.issuer) }};"
        for n in range(count)
    )


def _personal(count: int) -> str:
    """A policy for each client."""
    return "\n".join(
        f'forbid (principal == Client::"c{n}", action == Action::"infer", resource);' for n in range(count)
    )


def _per_call(run: Callable[[], object], seconds: float = 0.5) -> float:
    """Microseconds."""
    calls, started = 0, time.process_time()
    while (spent := time.process_time() - started) < seconds:
        run()
        calls += 1
    return spent / calls * 1e6


def _cedar(folder: Path) -> None:
    policies = _policies(folder, _mixed(200))
    judge = Judge(policies, _models())
    request = Request(
        client="batch", role="service", action=Action.INFER, model="m7", now=dt.datetime.now(dt.UTC), source="10.0.0.7"
    )
    vocabulary = policies.vocabulary
    people = [*role_entities(vocabulary, "service"), client_entity("batch", "service", "key", "")]
    entities = json.dumps([*people, *(e for m in _models() for e in model_entities(m) if e["uid"]["type"] == "Model")])
    text, schema = "\n".join(p.text for p in policies.policies), vocabulary.schema()
    asked: Json = {
        "principal": euid("Client", "batch"),
        "action": euid("Action", Action.INFER),
        "resource": euid("Model", "m7"),
    }
    labels = [{"uid": euid("Label", "label-0"), "attrs": {}, "parents": []}]
    entities = json.dumps([*json.loads(entities), *labels])
    handles = (
        cedarpy.PolicySet.from_str(text),
        cedarpy.Entities.from_json_str(entities),
        cedarpy.Schema.from_str(schema),
    )

    def once(policies: str | cedarpy.PolicySet, entities: str | cedarpy.Entities, schema: str | cedarpy.Schema) -> None:
        said = {**asked, "context": json.dumps(context(request, vocabulary))}
        cedarpy.is_authorized(said, policies, entities, schema)

    as_text = _per_call(lambda: once(text, entities, schema))
    as_handles = _per_call(lambda: once(*handles))
    sliced = _per_call(lambda: judge.decide(request))
    line("Cedar, 200 policies and 500 models, as text", as_text, None, "µs")
    line("  as handles", as_handles, None, "µs")
    line("  as handles, sliced by action (the service)", sliced, None, "µs")
    line("  text over the service", as_text / sliced, 20, "times", at_least=True)


def _tables(folder: Path) -> None:
    cases = {
        "the shipped policies": ("", 1),
        "a residue, 20 labels": (
            'forbid (principal, action, resource in Label::"label-3") unless { context.hour > 7 };',
            20,
        ),
        "200 policies, 200 of the models named": (_mixed(200), 1),
        "a policy for each model": (_mixed(_MODELS), 1),
        "a policy for each of 1,000 clients": (_personal(1000), 1),
    }
    for name, (text, labels) in cases.items():
        policies, models = _policies(folder, text), _models(labels)
        started = time.process_time()
        made = table(policies, models)
        spent = time.process_time() - started
        line(f"table, {_MODELS} models x 5 roles: {name} ({len(made.groups)} groups)", spent, _TABLE_S, "CPU-s")


def _service(folder: Path, decisions: int) -> None:
    forbid = 'forbid (principal, action, resource in Label::"label-0") unless { context.source.isInRange(ip("10.0.0.0/8")) };'
    write_bundle(folder / "bundle.json", Bundle(_policies(folder, forbid), tuple(_models())))
    idle = _served(folder, 0)[0]
    spent, wall = _served(folder, decisions)
    line(f"service, {_PROCESSES} processes: decisions per second", decisions / wall, None, "1/s")
    line("  CPU of the service per decision", (spent - idle) / decisions * 1e6, 300, "µs")


def _served(folder: Path, decisions: int) -> tuple[float, float]:
    """CPU seconds of all processes of the service, and the time that the questions took."""
    at = folder / "s"
    process = subprocess.Popen(command(folder / "bundle.json", socket_path=at, processes=_PROCESSES))
    _ask(at, 50)
    started = time.perf_counter()
    threads = [Thread(target=_ask, args=(at, decisions // 4)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - started
    process.terminate()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, wall


def _ask(at: Path, count: int) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        while connection.connect_ex(str(at)):
            time.sleep(0.02)
        for _ in range(count):
            connection.sendall(_ASKED)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer


if __name__ == "__main__":
    main()
