"""Attack paths on generated estates: `make bench-paths`.

    python bench/paths.py [--assets 100000] [--relations 500000] [--runs 3]

Two parts. The search alone, on a graph of that size, with rustworkx beside it where that is installed. And the whole of
it, on files as people write them (`estate.py`): what follows from having read and related them is what has a goal. It
runs several times, each in a process of its own that finds nothing worked out already; the quickest run counts.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.util
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

import estate
from garrison.reach.attack.search import Graph, Ways
from garrison.reach.paths import paths_in, prepared
from garrison.scan.scan import Settings, estate_of
from measure import line

_SEED = 7
_GOAL_S = 5.0


class Cost(msgspec.Struct, frozen=True):
    """Of one run: CPU seconds of each phase, and what came out."""

    read_s: float
    edges_s: float
    search_s: float
    assets: int
    relations: int
    edges: int
    ways: int
    told: int
    most_cut: int

    @property
    def total_s(self) -> float:
        """Of what has the goal: all that follows from having read and related."""
        return self.edges_s + self.search_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--relations", type=int, default=500_000, help="of the search alone")
    parser.add_argument("--runs", type=int, default=3, help="of the whole; the quickest counts")
    said = parser.parse_args()
    gc.disable()
    _search_alone(said.assets, said.relations)
    _whole(said.assets, said.runs)


def _timed(what: str, run: Callable[[], object]) -> object:
    started = time.process_time()
    found = run()
    print(f"  {what:<58} {time.process_time() - started:6.2f} CPU-s")
    return found


def _search_alone(nodes: int, edges: int) -> None:
    """Random edges, nine in ten by mistake; 40 ways in, 4 kinds of entries, 1,000 goals."""
    print(f"search alone: {nodes:,} nodes, {edges:,} edges")
    random.seed(_SEED)
    starts = [random.randrange(nodes) for _ in range(edges)]
    ends = [random.randrange(nodes) for _ in range(edges)]
    flawed = bytearray(random.randrange(10) > 0 for _ in range(edges))
    goals = random.sample(range(nodes), 1000)
    graph = _timed("build", lambda: Graph(nodes, starts, ends, flawed))
    assert isinstance(graph, Graph)
    useful = _timed("backwards from all goals", lambda: graph.useful(goals))
    assert isinstance(useful, bytearray)
    ways = _timed("forwards from one kind of entry, with counts", lambda: Ways(graph, range(10), goals, useful))
    assert isinstance(ways, Ways)
    through = _timed(f"edges on any of {ways.total:,} shortest ways", ways.through)
    assert isinstance(through, dict)
    _timed("one change counted anew", lambda: ways.cut({max(through, key=through.__getitem__)}))
    if importlib.util.find_spec("rustworkx") is not None:
        _rustworkx(nodes, list(zip(starts, ends, strict=True)))


def _rustworkx(nodes: int, edges: list[tuple[int, int]]) -> None:
    rustworkx = importlib.import_module("rustworkx")

    def built() -> object:
        graph = rustworkx.PyDiGraph()
        graph.add_nodes_from(range(nodes))
        graph.add_edges_from_no_data(edges)
        return graph

    graph = _timed("rustworkx: build", built)
    _timed("rustworkx: levels from ten sources", lambda: rustworkx.bfs_layers(graph, list(range(10))))


def _whole(assets: int, runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        estate.write(Path(folder), assets)
        print("whole estate:")
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            costs = pool.map(_cost, [Path(folder)] * runs, chunksize=1)
    best = min(costs, key=lambda cost: cost.total_s)
    print(f"  {best.assets:,} assets, {best.relations:,} relations between them, {best.edges:,} edges")
    print(f"  {best.ways:,} ways, {best.told} told, the best change cuts {best.most_cut:,}")
    line("  read and related, which is not counted", best.read_s, None, "CPU-s")
    line("  edges made", best.edges_s, None, "CPU-s")
    line("  searched and told", best.search_s, None, "CPU-s")
    line(f"  attack paths, quickest of {runs}", best.total_s, _GOAL_S, "CPU-s")


def _cost(folder: Path) -> Cost:
    """One run, as `garrison reach` does it."""
    gc.disable()
    begun = time.process_time()
    found, book, _ = estate_of([folder], Settings())
    read = time.process_time()
    search = prepared(found, book.exposure)
    made = time.process_time()
    paths = paths_in(search)
    ended = time.process_time()
    return Cost(
        read_s=read - begun,
        edges_s=made - read,
        search_s=ended - made,
        assets=len(found.assets),
        relations=sum(edge.start is not None and edge.end is not None for edge in found.graph.edges()),
        edges=len(search.graph.ends),
        ways=paths.total,
        told=len(paths.found),
        most_cut=max((cut.cuts for cut in paths.cuts), default=0),
    )


if __name__ == "__main__":
    main()
