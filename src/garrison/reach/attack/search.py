"""Shortest ways in a graph of numbers.

What an entry has by design is not gained: only goals that it cannot come to over edges that are meant to be there count.
Whatever way leads to one of those uses some edge that is there by mistake.

One search backwards from all goals says what is of use, one forwards from each kind of entry numbers the levels. The
edges from one level to the next are a graph without cycles in which every way is a shortest one. Ways are counted on
it, not listed: their number grows with the power of their length.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence


class Graph:
    """Edges by their number, from both ends. `flawed` has a 1 for each edge that is there by mistake."""

    __slots__ = ("ends", "flawed", "into", "out", "starts")

    def __init__(self, size: int, starts: Sequence[int], ends: Sequence[int], flawed: Sequence[int]) -> None:
        self.starts, self.ends, self.flawed = starts, ends, flawed
        self.out: list[list[int]] = [[] for _ in range(size)]
        self.into: list[list[int]] = [[] for _ in range(size)]
        for edge, (start, end) in enumerate(zip(starts, ends, strict=True)):
            self.out[start].append(edge)
            self.into[end].append(edge)

    def useful(self, goals: Iterable[int]) -> bytearray:
        """A 1 for each node from which some goal can be reached."""
        found, starts, into = bytearray(len(self.into)), self.starts, self.into
        waiting = list(goals)
        for node in waiting:
            found[node] = 1
        while waiting:
            for edge in into[waiting.pop()]:
                before = starts[edge]
                if not found[before]:
                    found[before] = 1
                    waiting.append(before)
        return found

    def by_design(self, sources: Iterable[int]) -> bytearray:
        """A 1 for each node that is reached over edges that are meant to be there."""
        found, ends, out, flawed = bytearray(len(self.out)), self.ends, self.out, self.flawed
        waiting = list(sources)
        for node in waiting:
            found[node] = 1
        while waiting:
            for edge in out[waiting.pop()]:
                after = ends[edge]
                if not flawed[edge] and not found[after]:
                    found[after] = 1
                    waiting.append(after)
        return found


class Ways:
    """All shortest ways from one set of sources to each goal that they do not have by design."""

    def __init__(
        self, graph: Graph, sources: Iterable[int], goals: Iterable[int], useful: bytearray, *, all_goals: bool = False
    ) -> None:
        """`useful` is what leads to these goals, or to more. With `all_goals` those count too that are had by design."""
        self.graph = graph
        self._sources = [s for s in sorted(set(sources)) if useful[s]]
        own = graph.by_design(() if all_goals else self._sources)
        self._level = array("i", [-1]) * len(useful)
        self._order = self._walked(useful)
        self.goals = frozenset(g for g in goals if self._level[g] > 0 and not own[g])
        self._next = self._joined()
        self._from = self._counted()
        self._onward = self._counted_back()

    def _walked(self, useful: bytearray) -> list[int]:
        """The useful nodes that can be reached, by level."""
        level, order = self._level, list(self._sources)
        out, ends = self.graph.out, self.graph.ends
        for node in order:
            level[node] = 0
        for node in order:  # grows while it is walked
            deeper = level[node] + 1
            for edge in out[node]:
                after = ends[edge]
                if level[after] < 0 and useful[after]:
                    level[after] = deeper
                    order.append(after)
        return order

    def _joined(self) -> dict[int, list[tuple[int, int]]]:
        """Of the nodes on shortest ways, by level: the edges that go on to the next level, and where they lead."""
        level, into, starts = self._level, self.graph.into, self.graph.starts
        by_level: dict[int, list[int]] = defaultdict(list)
        for goal in sorted(self.goals):
            by_level[level[goal]].append(goal)
        found: dict[int, list[tuple[int, int]]] = {goal: [] for goal in self.goals}
        self._before: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for depth in range(max(by_level, default=0), 0, -1):
            for node in by_level[depth]:
                for edge in into[node]:
                    before = starts[edge]
                    if level[before] == depth - 1:
                        if before not in found:
                            found[before] = []
                            by_level[depth - 1].append(before)
                        found[before].append((edge, node))
                        self._before[node].append((edge, before))
        return {node: found[node] for depth in sorted(by_level) for node in by_level[depth]}

    def _counted(self, without: Collection[int] = ()) -> dict[int, int]:
        """How many ways lead to each node, those over some edges left out."""
        found = {node: int(self._level[node] == 0) for node in self._next}
        for node, onward in self._next.items():
            if ways := found[node]:
                for edge, after in onward:
                    if edge not in without:
                        found[after] += ways
        return found

    def _counted_back(self) -> dict[int, int]:
        """How many ways lead from each node to a goal."""
        found: dict[int, int] = {}
        for node, onward in reversed(self._next.items()):
            found[node] = sum(found[after] for _, after in onward) + (node in self.goals)
        return found

    @property
    def total(self) -> int:
        """How many shortest ways there are to all goals."""
        return sum(self._onward.get(node, 0) for node in self._sources)

    def mark(self, reached: bytearray) -> None:
        """Put a 1 for each useful node that can be reached."""
        for node in self._order:
            reached[node] = 1

    def length(self, goal: int) -> int:
        """How many edges a shortest way to a goal has; -1 where there is none."""
        return self._level[goal] if goal in self.goals else -1

    def through(self) -> dict[int, int]:
        """Each edge that is on a shortest way, and on how many."""
        return {
            edge: self._from[node] * self._onward[after]
            for node, onward in self._next.items()
            for edge, after in onward
        }

    def cut(self, edges: Collection[int]) -> int:
        """How many of the shortest ways use one of these edges, counted by leaving them out."""
        left = self._counted(edges)
        return self.total - sum(left[goal] for goal in self.goals)

    def ways(self, goal: int) -> Iterator[tuple[int, ...]]:
        """Each shortest way to a goal as edge numbers, the one with the lowest edges from its end first."""
        stack: list[tuple[int, tuple[int, ...]]] = [(goal, ())] if goal in self.goals else []
        while stack:
            node, behind = stack.pop()
            if self._level[node] == 0:
                yield behind
            else:
                stack += [(before, (edge, *behind)) for edge, before in reversed(self._before[node])]
