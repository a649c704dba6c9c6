"""The ledger: `make bench-ledger`.

    python bench/ledger.py [--pymerkle PYTHON] [--folder FOLDER] [--large 10000000]

Appends by 100 writers, threads and then tasks, each of whom waits until its entry is durable; proofs; verification; what is
read to open a ledger of one and of ten million entries. Beside it, where a Python with pymerkle is named, the same appends to
its tree on SQLite, in turn. The folder should be on the disk that a ledger would be on: /tmp may be none.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from garrison.ledger import Ledger
from garrison.ledger.checkpoint import Checkpoint, sign_checkpoint
from garrison.ledger.entry import Fields
from garrison.ledger.note import Ed25519Signer
from garrison.ledger.proof import verify_proof
from garrison.ledger.tiles import CHECKPOINT, Edge, frame, grow
from garrison.ledger.trust import trusting
from measure import line

SIGNER = Ed25519Signer.generate("bench.example/ledger")
WRITERS = 100
EACH = 400  # entries of a writer, in a round
ROUNDS = 3
PEER_ENTRIES = 1000  # of a round
KIND = "model.deploy"
FIELDS = Fields(
    actor="service:ci",
    object={"type": "model", "name": "fraud", "digest": "sha256:" + "ab" * 32},
    reason="CHG-1234: quarterly training, reviewed by two",
    details={"environment": "production", "endpoint": "fraud-scoring"},
)
_MILLION = 1_000_000
_Of = TypeVar("_Of")
_STEP = 1 << 16
_OPENING = """
import sys, time
from pathlib import Path
from garrison.ledger import Ledger
from garrison.ledger.note import Ed25519Signer

top, signer = Path(sys.argv[1]), Ed25519Signer.parse(sys.stdin.read())
opened = []


def seen(event, args):
    if event == "open" and args[1] is None and str(args[0]).startswith(str(top)):  # None: from os.open, which opens them all
        opened.append(str(args[0]))


sys.addaudithook(seen)
started = time.perf_counter()
ledger = Ledger.open(top, signer)
took = time.perf_counter() - started
sizes = sum(Path(name).stat().st_size for name in opened if Path(name).is_file())
print(len(opened), sizes, took * 1000)
ledger.close()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pymerkle", metavar="PYTHON")
    parser.add_argument("--folder", default=tempfile.gettempdir())
    parser.add_argument("--large", type=int, default=10 * _MILLION)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=said.folder) as made:
        top = Path(made)
        appends(top, said.pymerkle)
        designs(top)
        opening(top, said.large)


def appends(top: Path, peer: str | None) -> None:
    """Rounds of ours and of the peer's in turn, so that both meet the same machine."""
    threads, tasks, others = [], [], []
    with Ledger.create(top / "appends", SIGNER) as ledger:
        for _ in range(ROUNDS):
            threads.append(by_threads(ledger))
            tasks.append(asyncio.run(by_tasks(ledger)))
            if peer:
                others.append(by_peer(peer, top, len(ledger.entry(0))))
        line(f"{WRITERS} threads, durable appends a second", rate(threads), 20_000, "", at_least=True)
        line(f"{WRITERS} threads, 99th percentile", late(threads), 50, "ms")
        line(f"{WRITERS} tasks, durable appends a second", rate(tasks), 20_000, "", at_least=True)
        line(f"{WRITERS} tasks, 99th percentile", late(tasks), 50, "ms")
        if peer:
            line("pymerkle on SQLite, 100 threads, durable appends a second", rate(others), None, "")
            line("ours by pymerkle's, threads", rate(threads) / rate(others), 20, "times", at_least=True)


def rate(rounds: Sequence[tuple[float, float]]) -> float:
    return statistics.median(per_second for per_second, _ in rounds)


def late(rounds: Sequence[tuple[float, float]]) -> float:
    return statistics.median(late_ms for _, late_ms in rounds)


def by_threads(ledger: Ledger) -> tuple[float, float]:
    """Entries a second, and the 99th percentile in ms."""
    took_s: list[float] = []

    def append() -> None:
        for _ in range(EACH):
            started = time.perf_counter()
            ledger.append(KIND, **FIELDS)
            took_s.append(time.perf_counter() - started)

    threads = [threading.Thread(target=append) for _ in range(WRITERS)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summed(took_s, time.perf_counter() - started)


async def by_tasks(ledger: Ledger) -> tuple[float, float]:
    took_s: list[float] = []

    async def append() -> None:
        for _ in range(EACH):
            started = time.perf_counter()
            await ledger.append_async(KIND, **FIELDS)
            took_s.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(append() for _ in range(WRITERS)))
    return summed(took_s, time.perf_counter() - started)


def by_peer(python: str, top: Path, size_bytes: int) -> tuple[float, float]:
    script = Path(__file__).parent / "peers/pymerkle/appends.py"
    command = [python, str(script), str(top), str(WRITERS), str(PEER_ENTRIES), str(size_bytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    per_second, late_ms = map(float, done.stdout.split())
    return per_second, late_ms


def summed(took_s: list[float], whole_s: float) -> tuple[float, float]:
    return len(took_s) / whole_s, sorted(took_s)[len(took_s) * 99 // 100] * 1000


def designs(top: Path) -> None:
    """What the journal is for: groups of 100, made durable by it, or by tiles and a checkpoint for each."""
    entries = [(KIND, FIELDS)] * 100
    with Ledger.create(top / "designs", SIGNER) as ledger:

        def in_tiles(_: int) -> None:
            ledger.append_many(entries)
            ledger.checkpoint()

        journal_s = each(lambda _: ledger.append_many(entries), range(100))
        line("a group of 100 durable, in the journal", journal_s * 1000, None, "ms")
        line("the same, in tiles and under a checkpoint each time", each(in_tiles, range(100)) * 1000, None, "ms")


def opening(top: Path, large: int) -> None:
    """Of one ledger, when it has a million entries, and when it has the large number of them."""
    edge = Edge()
    for size in (_MILLION, large):
        edge = fill(top / "large", edge, size)
        if size == _MILLION:
            proofs(top / "large", size)
        files, read, took_ms = statistics.median_low([opened(top / "large") for _ in range(5)])
        name = f"opening {size // _MILLION} million entries"
        line(f"{name}, files opened", files, 12, "")
        line(f"{name}, their bytes", read / 1024, None, "KiB")
        line(f"{name}, time", took_ms, None, "ms")


def fill(folder: Path, edge: Edge, size: int) -> Edge:
    """Entries of a few bytes, in tiles at once, and one checkpoint."""
    started = time.perf_counter()
    before = edge.size
    while edge.size < size:
        edge, files = grow(edge, [frame(b"entry %d" % n) for n in range(edge.size, min(edge.size + _STEP, size))])
        for tile, data in files:
            path = folder / tile.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    (folder / CHECKPOINT).write_bytes(sign_checkpoint(Checkpoint(SIGNER.name, edge.size, edge.root), [SIGNER]))
    took_us = (time.perf_counter() - started) / (size - before) * 1e6
    line(f"an entry hashed and put into tiles, to {size // _MILLION} million", took_us, None, "µs")
    return edge


def proofs(folder: Path, size: int) -> None:
    chance = random.Random(7)
    policy = trusting([SIGNER.vkey])
    ledger = Ledger.open(folder)
    recent = [size - 1 - chance.randrange(_STEP) for _ in range(3000)]
    for index in recent:
        ledger.prove(index)  # the tiles are in memory then
    line("proof of one of the last 65,536 entries", each(ledger.prove, recent) * 1000, 0.1, "ms")
    anywhere = [chance.randrange(size) for _ in range(3000)]
    line("proof of any of a million entries, its tile mostly read", each(ledger.prove, anywhere) * 1000, 0.1, "ms")
    kept = [(ledger.entry(index), ledger.prove(index)) for index in recent[:300]]
    verified_s = each(lambda told: verify_proof(told[0], told[1], policy), kept)
    line("verification of a proof and its checkpoint", verified_s * 1000, 1, "ms")
    started = time.perf_counter()
    faults = ledger.verify()
    assert [fault.part for fault in faults] == ["signature"], "nobody was named whose signature counts"
    line("verification of a whole ledger, an entry", (time.perf_counter() - started) / size * 1e6, None, "µs")


def each(run: Callable[[_Of], object], over: Sequence[_Of]) -> float:
    """Seconds that one call takes, over these."""
    started = time.perf_counter()
    for one in over:
        run(one)
    return (time.perf_counter() - started) / len(over)


def opened(folder: Path) -> tuple[int, int, float]:
    """Files, their bytes, and ms, of a new process that opens it to append."""
    command = [sys.executable, "-c", _OPENING, str(folder)]
    done = subprocess.run(command, input=SIGNER.secret, capture_output=True, text=True, check=True)
    files, size, took_ms = done.stdout.split()
    return int(files), int(size), float(took_ms)


if __name__ == "__main__":
    main()
