"""Attack paths: the shortest ways from where an attacker begins to what he is after, and the change that cuts most.

What an entry has by design is not told: a notebook whose role reads the bucket it was made for is no path. Each way told
uses something that is there by mistake: an open server, a permission over everything, a way out of a container.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.assets.ml_platform import Workspace, WorkspaceUser
from garrison.estate.assets.notebook import Notebook
from garrison.estate.assets.pipeline import PipelineJob
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.values import Value
from garrison.reach.attack.code import add_code
from garrison.reach.attack.identity import Identities
from garrison.reach.attack.jewels import WORTH, Goal, goals
from garrison.reach.attack.network import Network
from garrison.reach.attack.pipelines import add_pipelines
from garrison.reach.attack.pods import Pods
from garrison.reach.attack.search import Graph, Ways
from garrison.reach.attack.steps import HELD, Step, Steps, evidence
from garrison.reach.exposure import Exposure
from garrison.reach.network.rules import port_words
from garrison.reach.path import Cut, Entry, Hop, Jewel, Medium, Path, Paths

NOTES = (
    "what an Allow of IAM gives counts in full: conditions, denials and boundaries are not evaluated yet",
    "the network of a cluster is taken to enforce its policies; pods and the networks of a cloud are not joined",
    "what is deployed apart (stacks, Terraform root modules, kustomizations) meets only by names and ARNs",
    "routes and load balancers of Google Cloud and Azure are not followed",
)
_EXPOSED = {Entry.INTERNET: 1.0, Entry.CI_JOB: 0.7, Entry.NOTEBOOK_USER: 0.6, Entry.CONTAINER: 0.5}
_EACH_STEP, _UNSURE, _AGAIN = 0.95, 0.6, 0.7
_TOLD, _MADE = 100, 500  # paths that are told; goals, from one place to begin each, to which ways are listed
_TWINS, _TRIED = 8, 6  # ways to one goal that are compared; changes that are counted anew
_CUTS = 3
_ON_PURPOSE = 0.5  # what is there by design counts half as a thing to change
_AFFORDED = 500_000  # edges that all searches together may walk over
_PEOPLE = (Notebook, Workspace, WorkspaceUser)
_BEGINS = {Entry.NOTEBOOK_USER: "works in", Entry.CONTAINER: "has taken over"}


class Way(msgspec.Struct, frozen=True, eq=False):
    """How one asset comes to another."""

    hops: tuple[Hop, ...]
    sure: bool


class Search(msgspec.Struct, frozen=True, eq=False):
    """The steps of an estate as a graph, what is worth reaching in it, and where each kind of attacker begins."""

    steps: Steps
    graph: Graph
    goals: dict[int, Goal]
    useful: bytearray
    sources: dict[Entry, list[int]]


def attack_paths(estate: Estate, exposure: Exposure | None = None) -> Paths:
    """All paths of an estate, the worst first. `exposure` saves working it out again."""
    if not estate.assets:
        return Paths()
    return paths_in(prepared(estate, exposure or Exposure(estate)))


def paths_in(search: Search) -> Paths:
    """All paths of what is prepared, the worst first."""
    ways = list(_searched(search))
    told = _without_twins(_likeliest(search, ways))
    cuts = _cuts(search, [way for _, way in ways], told)
    return Paths(tuple(told[:_TOLD]), sum(way.total for _, way in ways), tuple(cuts), NOTES if told else ())


def ways_between(estate: Estate, exposure: Exposure, start: str, end: str) -> list[Way]:
    """How assets that match one glob come to those that match another, by steps of an attack or by the network alone.

    The globs are for addresses and names; `internet` is where an attacker begins.
    """
    search = prepared(estate, exposure, from_anywhere=True)
    steps = search.steps
    goals_ = [n for n, asset in steps.nodes() if _matches(asset, end)]
    sources = [n for n, asset in steps.nodes() if _matches(asset, start) and n not in set(goals_)]
    if start == "internet":
        sources = steps.entrances
    ways = Ways(search.graph, sources, goals_, search.graph.useful(goals_), all_goals=True)
    told: dict[tuple[object, ...], Way] = {}
    for node in sorted(ways.goals):
        for way in islice(ways.ways(node), 1):
            path = [steps.found[number] for number in way]
            hops = tuple(_hops(steps, None, path))
            told.setdefault(
                (hops[0].start and hops[0].start.address, hops[-1].end.address), Way(hops, all(s.sure for s in path))
            )
    for one in (a for a in estate.assets if _matches(a, start)):
        for other in (a for a in estate.assets if _matches(a, end)):
            flow = exposure.reach.opened(one, other) if one is not other else None
            if flow is not None and flow.perhaps and (one.address, other.address) not in told:
                hop = Hop(one, other, Medium.NETWORK, f"can open {port_words(flow)} of", evidence(flow.any, other.name))
                told[one.address, other.address] = Way((hop,), bool(flow.sure))
    return [told[key] for key in sorted(told, key=str)]


def _matches(asset: Asset, glob: str) -> bool:
    return fnmatchcase(asset.address, glob) or fnmatchcase(asset.label, glob)


def prepared(estate: Estate, exposure: Exposure, *, from_anywhere: bool = False) -> Search:
    """Everything that can be done, and what is worth doing; `from_anywhere`, also where no attacker comes to."""
    steps = Steps()
    ci = steps.hub("ci")
    identities, pods = Identities(estate, steps, ci, from_anywhere=from_anywhere), Pods(estate, steps)
    Network(estate, exposure, steps).add()
    identities.add()
    pods.add()
    add_code(estate, steps)
    add_pipelines(estate, steps)
    wanted = list(goals(estate))
    identities.stores([g.asset for g in wanted if HELD in g.states])
    found = {n: g for g in wanted for state in g.states if (n := steps.known(g.asset, state)) is not None}
    for node in (*identities.admins, *pods.admins):
        if (asset := steps.assets[node]) is not None:
            found[node] = Goal(asset, (), Jewel.ADMIN, 1.0)
    pipelines = [n for job in estate.of(PipelineJob) if (n := steps.known(job)) is not None]
    sources = {
        Entry.INTERNET: steps.entrances,
        Entry.NOTEBOOK_USER: [n for a in _people(estate) if (n := steps.known(a)) is not None],
        Entry.CI_JOB: [ci, *pipelines],
        Entry.CONTAINER: [n for w in estate.of(Workload) if not w.about_ml.no and (n := steps.known(w)) is not None],
    }
    graph = _graph(steps, frozenset((*identities.admins, *pods.admins)))
    return Search(steps, graph, found, graph.useful(found), sources)


def _searched(search: Search) -> Iterator[tuple[Entry, Ways]]:
    """One search for each place to begin, so that what one has by design hides nothing from another.

    Where there are more places than can be afforded, the last of them are searched together.
    """
    graph, useful = search.graph, search.useful
    cost = 1 + sum(len(graph.out[node]) for node, is_useful in enumerate(useful) if is_useful)
    left = max(len(Entry), _AFFORDED // cost)
    taken_over = bytearray(len(useful))
    for entry in Entry:
        classes: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for source in search.sources[entry]:
            # A container that the internet takes over is on paths already.
            if useful[source] and not (entry is Entry.CONTAINER and taken_over[source]):
                classes[tuple(sorted(2 * graph.ends[e] + graph.flawed[e] for e in graph.out[source]))].append(source)
        alike = list(classes.values())
        single = alike[: max(1, left - len(Entry))]
        rest = [source for sources in alike[len(single) :] for source in sources]
        left -= len(single)
        for sources in (*single, *([rest] if rest else [])):
            ways = Ways(graph, sources, search.goals, useful)
            yield entry, ways
            if entry is Entry.INTERNET:
                ways.mark(taken_over)


def _people(estate: Estate) -> Iterator[Asset]:
    """Where people write code: notebooks, workspaces, and the pods that are notebooks."""
    for kind in _PEOPLE:
        yield from estate.of(kind)
    yield from (w for w in estate.of(Workload) if w.type == "Notebook.kubeflow.org")


def _graph(steps: Steps, admins: frozenset[int]) -> Graph:
    """To be an administrator is nobody's by design."""
    found = steps.found
    flawed = bytearray(s.flawed or s.end in admins for s in found)
    return Graph(len(steps.assets), [s.start for s in found], [s.end for s in found], flawed)


# What is told.


def _likeliest(search: Search, ways: Sequence[tuple[Entry, Ways]]) -> Iterator[Path]:
    """Paths, about the worst first, no more of them than can be afforded: by what they are worth before they are made."""
    found: list[tuple[float, int, int]] = []
    for number, (entry, way) in enumerate(ways):
        by_jewel: dict[Jewel, list[tuple[float, int]]] = defaultdict(list)
        for node in sorted(way.goals):
            goal = search.goals[node]
            by_jewel[goal.jewel].append((_score(entry, goal, way.length(node), sure=True), node))
        for each in by_jewel.values():
            each.sort(key=lambda pair: (-pair[0], pair[1]))
            found += [(score * _AGAIN**rank, number, node) for rank, (score, node) in enumerate(each)]
    found.sort(key=lambda one: (-one[0], one[1], one[2]))
    for _, number, node in found[:_MADE]:
        entry, way = ways[number]
        for edges in islice(way.ways(node), _TWINS):
            yield _path(search, entry, search.goals[node], edges)


def _score(entry: Entry, goal: Goal, length: int, *, sure: bool) -> float:
    believed = goal.sure * (1.0 if sure else _UNSURE)
    return 100 * WORTH[goal.jewel] * believed * _EXPOSED[entry] * _EACH_STEP ** (length - 1)


def _path(search: Search, entry: Entry, goal: Goal, way: Sequence[int]) -> Path:
    steps = [search.steps.found[number] for number in way]
    hops = tuple(_hops(search.steps, entry, steps))
    sure = all(s.sure for s in steps)
    return Path(entry, hops, goal.jewel, sure, round(_score(entry, goal, len(hops), sure=sure), 1))


def _hops(steps: Steps, entry: Entry | None, way: Sequence[Step]) -> Iterator[Hop]:
    """Over a hub two steps are one hop; what was done to come to the hub is what states it where that is a mistake."""
    start = steps.assets[way[0].start]
    if start is not None and entry is not None:
        yield Hop(None, start, Medium.CODE, _BEGINS.get(entry, "begins in"), start.name)
    before: Step | None = None
    for step in way:
        end = steps.assets[step.end]
        if end is None:
            before = step
            continue
        told = before if before is not None and before.flawed else step
        words = before.words if before is not None and before.words else step.words
        yield Hop(start, end, step.medium, words, told.stated)
        start, before = end, None


def _without_twins(found: Iterable[Path]) -> list[Path]:
    """Of paths that differ in twins on the way, or in which of many things one permission gives, the first."""
    seen: set[tuple[object, ...]] = set()
    told: list[Path] = []
    for path in sorted(found, key=_order):
        *through, last = path.hops
        way = path.entry, path.jewel, *(_twin(h.end) for h in through)
        shapes = {(*way, last.end.address), *([(*way, _change(last.stated))] if through else [])}
        if seen.isdisjoint(shapes):
            told.append(path)
        seen |= shapes
    return _varied(told)


def _varied(found: Sequence[Path]) -> list[Path]:
    """Each further path from one beginning to one kind of jewel counts less: it tells less that is new."""
    times: Counter[tuple[object, ...]] = Counter()
    told: list[Path] = []
    for path in found:
        kind = path.entry, _twin(path.hops[0].end), path.jewel
        told.append(msgspec.structs.replace(path, score=round(path.score * _AGAIN ** times[kind], 1)))
        times[kind] += 1
    return sorted(told, key=_order)


def _order(path: Path) -> tuple[object, ...]:
    return -path.score, len(path.hops), path.entry, [h.end.address for h in path.hops]


def _twin(asset: Asset) -> object:
    """What twins have in common: pods of one namespace with one account and one image, and people with one role."""
    if isinstance(asset, Workload):
        images = tuple(c.image.text() for c in asset.containers)
        return Workload, asset.root, asset.namespace.text(), asset.service_account.text(), images
    return WorkspaceUser if isinstance(asset, _PEOPLE) else asset.address


# What is to be changed.


def _cuts(search: Search, ways: Sequence[Ways], told: Sequence[Path]) -> list[Cut]:
    """The changes that take most paths away: each is one place in the files, whatever number of steps it allows."""
    counts: Counter[int] = Counter()
    for way in ways:
        counts.update(way.through())
    changes: dict[tuple[object, ...], set[int]] = defaultdict(set)
    most: dict[tuple[object, ...], int] = defaultdict(int)
    for number, count in counts.items():
        change = _change(search.steps.found[number].stated)
        if change is not None:
            changes[change].add(number)
            most[change] += count

    def weight(change: tuple[object, ...]) -> float:
        by_mistake = any(search.graph.flawed[n] for n in changes[change])
        return 1.0 if by_mistake else _ON_PURPOSE

    likely = sorted(changes, key=lambda c: (-most[c] * weight(c), str(c)))[:_TRIED]
    # Of a single step the number is exact already; a way may use several steps of one change.
    counted = [
        (most[c] if len(changes[c]) == 1 else sum(w.cut(frozenset(changes[c])) for w in ways), c) for c in likely
    ]
    counted.sort(key=lambda pair: (-pair[0] * weight(pair[1]), str(pair[1])))
    shown = {_change(hop.stated): hop for path in reversed(told) for hop in path.hops}
    return [Cut(shown[c], count) for count, c in counted if count and c in shown][:_CUTS]


def _change(stated: Value) -> tuple[object, ...] | None:
    place = stated.place
    return None if place is None else (place.source.path, place.start, place.end)
