"""Shortest ways against listing every way there is."""

from __future__ import annotations

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from garrison.reach.attack.search import Graph, Ways

Edge = tuple[int, int, int]
EDGES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 1)),
    min_size=1,
    max_size=14,
    unique_by=lambda e: e[:2],
)
SOURCES = st.sets(st.integers(0, 2), min_size=1)
GOALS = st.sets(st.integers(2, 6), min_size=1, max_size=3)


def every_way(edges: list[Edge], sources: set[int], goal: int) -> set[tuple[int, ...]]:
    """The shortest ways to a goal that cannot be had by design."""
    own = set(sources)
    while more := {end for start, end, flaw in edges if start in own and not flaw} - own:
        own |= more
    if goal in own:
        return set()
    level: list[tuple[int, tuple[int, ...]]] = [(s, ()) for s in sources]
    for _ in range(7):
        level = [
            (end, (*way, number))
            for node, way in level
            for number, (start, end, _) in enumerate(edges)
            if start == node
        ]
        if found := {way for node, way in level if node == goal}:
            return found
    return set()


def searched(edges: list[Edge], sources: set[int], goals: set[int]) -> Ways:
    graph = Graph(7, [e[0] for e in edges], [e[1] for e in edges], [e[2] for e in edges])
    return Ways(graph, sources, goals, graph.useful(goals))


@given(EDGES, SOURCES, GOALS)
def test_the_shortest_ways_are_found_and_counted(edges: list[Edge], sources: set[int], goals: set[int]) -> None:
    found = searched(edges, sources, goals)
    expected = {goal: every_way(edges, sources, goal) for goal in goals}
    for goal in goals:
        assert set(islice(found.ways(goal), 10_000)) == expected[goal]
        assert found.length(goal) == min((len(w) for w in expected[goal]), default=-1)
    assert found.total == sum(len(w) for w in expected.values())


@given(EDGES, SOURCES, GOALS, st.sets(st.integers(0, 13), min_size=1, max_size=3))
def test_edges_cut_as_many_ways_as_use_them(
    edges: list[Edge], sources: set[int], goals: set[int], gone: set[int]
) -> None:
    found = searched(edges, sources, goals)
    assert found.cut(gone) == sum(bool(gone & set(w)) for goal in goals for w in every_way(edges, sources, goal))


@given(EDGES, SOURCES, GOALS)
def test_an_edge_is_on_as_many_ways_as_go_when_it_goes(edges: list[Edge], sources: set[int], goals: set[int]) -> None:
    found = searched(edges, sources, goals)
    through = found.through()
    for edge in range(len(edges)):
        assert found.cut({edge}) == through.get(edge, 0)


def test_what_is_had_by_design_is_not_gained() -> None:
    assert searched([(0, 1, 0), (1, 3, 0)], {0}, {3}).total == 0
    assert searched([(0, 1, 0), (1, 3, 1)], {0}, {3}).total == 1
    assert searched([(0, 1, 0), (1, 3, 0), (0, 3, 1)], {0}, {3}).total == 0
