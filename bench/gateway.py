"""What the gateway costs, and how soon a change is in force: `make bench-gateway`.

    python bench/gateway.py [--rounds 7] [--python-proxy GRANIAN] [--litellm LITELLM] [--profile]

CPU is that of all processes of a server, guard included, per request; ratios are medians of bursts of a second that take
turns within one run. The load is wrk's over 16 connections; the upstream is Envoy's own answer, whose CPU counts for nobody.
Peers that are not installed are left out, and it is said. `--profile` tells what each filter takes of the whole instead.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import proxies
import stack
from changes import changes
from garrison.gateway.envoy import names
from load import Burst, Server, burst, pair, scratch
from measure import line, median

_KB, _100_KB = 1_000, 100_000
_PROFILED = (
    "access_log", "local_reply_config", "early_header_mutation_extensions", names.HEADERS, names.LIMIT_IP,
    names.LIMIT_CLIENT, names.BUFFER, names.STREAM_SIZE, names.NAME_MODEL, names.TABLE, names.REQUIRE, names.MARK,
)  # fmt: skip
_TOGETHER = {names.BODY: (names.BODY, names.REQUIRE)}  # without the one nothing passes the other


class Bench:
    """What all figures are measured on."""

    def __init__(self, folder: Path, rounds: int, hold: ExitStack) -> None:
        self.folder, self.rounds, self.hold = folder, rounds, hold
        (folder / "none").touch()
        self.upstream = hold.enter_context(stack.upstream(folder))
        self.bodies = stack.bodies(folder)
        self.issuer = stack.Issuer()
        self.site = stack.site(folder / "few", self.upstream, tokens=self.issuer.jwks())
        self.targets = self.site.targets()

    def plain(self) -> Server:
        """Envoy alone."""
        return self.hold.enter_context(stack.envoy(stack.plain(self.site), self.folder, self.targets))

    def gateway(self, targets: Path | None = None) -> Server:
        """The gateway."""
        return self.hold.enter_context(stack.gateway(self.site, targets=targets))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="turns of each pair (default 7)")
    parser.add_argument("--python-proxy", type=Path, help="granian, in the environment of bench/peers/python_proxy")
    parser.add_argument("--litellm", type=Path, help="litellm, in the environment of bench/peers/litellm")
    parser.add_argument("--profile", action="store_true", help="what each filter takes, and nothing else")
    said = parser.parse_args()
    with scratch() as folder, ExitStack() as hold:
        bench = Bench(Path(folder), said.rounds, hold)
        if said.profile:
            _profile(bench)
            return
        gateway = _stack(bench)
        _peers(bench, gateway, said.python_proxy, said.litellm)
        _many(bench, gateway)
    with scratch() as folder:
        changes(Path(folder), times=said.rounds * 3)


def _stack(bench: Bench) -> Server:
    """The gateway beside plain Envoy."""
    plain, gateway = bench.plain(), bench.gateway()
    for size, name, goal in ((_KB, "1 KB", 0.6), (_100_KB, "100 KB", 0.3)):
        found = pair(plain, gateway, bench.bodies[size], rounds=bench.rounds)
        line(f"{name} bodies: requests per CPU-s, of plain Envoy's", found.ratio(), goal, "x", at_least=True)
        for who, micros in zip(("plain Envoy", "the gateway"), found.least(), strict=True):
            line(f"  {who}, at its best", micros, None, "µs")
    token = Server(
        gateway.port, gateway.process, bench.issuer.targets(bench.folder / "tokens", len(bench.site.secrets))
    )
    found = pair(plain, token, bench.bodies[_KB], rounds=bench.rounds)
    line("tokens (RS256, cached), 1 KB: of plain Envoy's", found.ratio(), 0.65, "x", at_least=True)
    verifying = bench.hold.enter_context(stack.envoy(stack.verifying(bench.site), bench.folder, token.targets))
    found = pair(plain, verifying, bench.bodies[_KB], rounds=bench.rounds)
    line("  of plain Envoy that verifies them and does nothing else", found.ratio(), None, "x")
    line("1 KB bodies at half load: added p99", _added_p99_ms(bench, plain, gateway), 2.0, "ms")
    return gateway


def _added_p99_ms(bench: Bench, plain: Server, gateway: Server) -> float:
    """At half of the rate that the gateway bears here and now, over as many connections."""
    body, connections = bench.bodies[_KB], 16
    full = statistics.median(_rate(burst(gateway, body, connections=connections)) for _ in range(3))
    pause_ms = connections / (full / 2) * 1000

    def p99_ms(server: Server) -> float:
        return burst(server, body, connections=connections, pause_ms=pause_ms).p99_ms

    return statistics.median(p99_ms(gateway) - p99_ms(plain) for _ in range(bench.rounds))


def _rate(found: Burst) -> float:
    return found.requests / found.seconds


def _peers(bench: Bench, gateway: Server, granian: Path | None, litellm: Path | None) -> None:
    """The gateway beside proxies in Python."""
    chat = proxies.chat(bench.folder)
    asked = bench.site.asking_chat()
    chatting = Server(gateway.port, gateway.process, asked)
    starts: tuple[tuple[str, float, Callable[[], Server], Server, Path], ...] = (
        (
            "the same in Python",
            3,
            lambda: bench.hold.enter_context(proxies.python_proxy(granian, bench.site, bench.upstream)),
            gateway,
            bench.bodies[_KB],
        ),
        (
            "LiteLLM's proxy",
            50,
            lambda: bench.hold.enter_context(proxies.litellm(litellm, bench.folder, bench.upstream)),
            chatting,
            chat,
        ),
    )
    for name, goal, start, ours, body in starts:
        try:
            peer = start()
        except (proxies.MissingError, RuntimeError) as error:
            print(f"{name}: left out, as {error}")
            continue
        found = pair(peer, ours, body, rounds=bench.rounds)
        line(f"requests per CPU-s, of those of {name}", found.ratio(), goal, "times", at_least=True)


def _many(bench: Bench, few: Server) -> None:
    """10,000 clients and 500 models beside 10 and one."""
    many = stack.site(bench.folder / "many", bench.upstream, clients=10_000, models=500, tokens=bench.issuer.jwks())
    command = [sys.executable, "-m", "garrison", "gateway", "compile", str(many.file), "-o", str(many.folder / "out")]
    cost = median(command, runs=3)
    assert cost.exit_code == 0
    line("10,000 clients, 500 models: compiled", cost.cpu_s, 3.0, "CPU-s")
    with stack.gateway(many) as server:
        found = pair(server, few, bench.bodies[_KB], rounds=bench.rounds)
    line("  CPU per request, of that with 10 clients and 1 model", found.ratio(), 1.15, "x")


def _profile(bench: Bench) -> None:
    """Each filter left out in turn, beside all of them."""
    full = bench.hold.enter_context(stack.envoy(stack.compiled(bench.site), bench.folder, bench.targets))
    found = pair(bench.plain(), full, bench.bodies[_KB], rounds=bench.rounds)
    line("requests per CPU-s, of plain Envoy's (without the guard)", found.ratio(), None, "x")
    for name, left_out in _left_out():
        configuration = stack.compiled(bench.site)
        manager = stack.manager_of(configuration)
        manager["http_filters"] = [made for made in manager["http_filters"] if made["name"] not in left_out]
        for key in left_out & manager.keys():
            del manager[key]
        with stack.envoy(configuration, bench.folder, bench.targets) as server:
            found = pair(server, full, bench.bodies[_KB], rounds=bench.rounds)
        line(f"  {name} takes of the whole", (1 - found.ratio()) * 100, None, "%")


def _left_out() -> Iterator[tuple[str, frozenset[str]]]:
    for name in _PROFILED:
        yield name, frozenset((name,))
    for name, together in _TOGETHER.items():
        yield name, frozenset(together)


if __name__ == "__main__":
    main()
