"""Workflow files to resources, what a job inherits from its workflow filled in.

"Workflow syntax for GitHub Actions" and "Metadata syntax reference" (composite actions), GitHub Docs. Texts keep their
`${{ }}`; only what must be one thing to be judged (an image, a runner, an environment) is unknown where it has one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Ref, Source, State, Value, absent, dig, known, unknown
from garrison.sources.documents import Reader, compose, joined, load, pieces, report
from garrison.sources.interface import File, Tree
from garrison.sources.nodes import Mapping

MAX_STEPS = 10_000  # of one file; a long workflow has about a hundred
MAX_VARIABLES = 500  # of one job
_WORDS: dict[str, bool | None] = {"true": True, "false": False, **dict.fromkeys(("", "~", "null"))}  # YAML 1.2
_HOLE = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_OF_MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}")
_NAME_LENGTH = 40
# What says in a condition for which branch or event a job is.
_NARROWS = re.compile(r"(?i)github\.(ref|ref_name|ref_type|base_ref|event_name)\b|\.merged\b|base\.ref|head_branch")
_ALL = frozenset({"*", "**"})


def read_workflows(files: Sequence[File], tree: Tree) -> list[PipelinePiece]:
    """Every workflow, job and composite action."""
    found: list[PipelinePiece] = []
    for file in files:
        source = load(file, tree)
        composed = None if source is None else next(iter(compose(source.data)), None)
        if source is None or composed is None:
            continue
        report(composed, file.path, tree)
        if type(composed.node) is Mapping:
            found += _File(source, composed.node, tree).pieces()
    return found


class PipelinePiece:
    """A workflow or one of its jobs, as a table reads it."""

    __slots__ = ("_value", "address", "place", "root", "type")

    format = "github"
    exists: Truth = YES
    condition = ""

    def __init__(self, type_: str, address: str, place: Place, said: dict[str, Value]) -> None:
        self.type, self.address, self.place = type_, address, place
        self.root = place.source.path
        self._value = known(Body.of(said, place), place)

    def at(self, path: tuple[str, ...]) -> Value:
        """See `Resource`."""
        return dig(self._value, path)

    def __repr__(self) -> str:
        return f"<{self.address}>"


class _File:
    """One workflow file."""

    def __init__(self, source: Source, root: Mapping, tree: Tree) -> None:
        reader = Reader(source, _WORDS)
        self.said, self.place, self.tree = reader.value(root), reader.place(root), tree
        self.address = f"{source.path}:workflow"
        self.left = MAX_STEPS
        self.triggers = _triggers(self.said.child("on"))

    def pieces(self) -> Iterator[PipelinePiece]:
        """The workflow and its jobs; of an action, the action and its steps."""
        said = self.said
        runs = said.child("runs")
        composite = runs.child("using").text() == "composite"
        if not composite and not isinstance(said.child("jobs").content, Body):
            return
        names = [t.text() for t in self.triggers.items()]
        about = {
            "name": known(said.child("name").text() or self.place.source.path.rpartition("/")[2], self.place),
            "triggers": self.triggers,
            "permissions": said.child("permissions"),
            "states_rights": known(not composite and names != ["workflow_call"], self.triggers.place or self.place),
        }
        yield PipelinePiece("Workflow", self.address, self.place, about)
        if composite:
            yield self._action(runs)
            return
        for name, job in _entries(said.child("jobs")):
            if self.left <= 0:
                message = f"it has more than {MAX_STEPS:,} steps: the jobs after them are not read"
                self.tree.problem(self.place.source.path, message, hint="split it into several workflows")
                return
            if isinstance(job.content, Body):
                yield self._job(name, job)

    def _action(self, runs: Value) -> PipelinePiece:
        place = runs.place or self.place
        said = {**self._common("steps", place), "steps": self._steps(runs.child("steps"), absent(place))}
        return PipelinePiece("Action", f"{self.address}/jobs[steps]", place, said)

    def _job(self, name: str, job: Value) -> PipelinePiece:
        said, place = self.said, job.place or self.place
        own = job.child("permissions")
        services = [service for _, service in _entries(job.child("services"))]
        containers = [job.child("container"), *services]
        found = {
            **self._common(name, place),
            "triggers": self.triggers,
            "permissions": said.child("permissions") if own.state is State.ABSENT else own,
            "when": job.child("if"),
            "needs": job.child("needs"),
            "environment": _decided(_named(job.child("environment"), "name")),
            "anywhere": self._anywhere(job.child("if"), place),
            "runners": _runners(job.child("runs-on"), job.child("strategy").child("matrix")),
            "images": _listed([_decided(_named(c, "image")) for c in containers], place),
            "services": _listed([_decided(_named(s, "image")) for s in services], place),
            "options": _listed([c.child("options") for c in containers], place),
            "variables": _variables((job.child("env"), said.child("env")), place),
            "uses": job.child("uses"),
            "secrets": job.child("secrets"),
            "tolerated": job.child("continue-on-error"),
            "steps": self._steps(job.child("steps"), self.triggers),
        }
        return PipelinePiece("Job", f"{self.address}/jobs[{name}]", place, found)

    def _common(self, name: str, place: Place) -> dict[str, Value]:
        pipeline = Value(State.KNOWN, self.address, place, ref=Ref(self.address))
        return {"name": known(name, place), "pipeline": pipeline}

    def _steps(self, said: Value, triggers: Value) -> Value:
        steps = [s for s in said.items()[: max(self.left, 0)] if isinstance(s.content, Body)]
        self.left -= len(said.items())
        taken: Counter[str] = Counter()
        found = []
        for step in steps:
            label = _label(step)
            taken[label] += 1
            name = f"{label} ({taken[label]})" if taken[label] > 1 else label
            found.append(self._step(name, step, triggers))
        return known(tuple(found), said.place)

    def _step(self, name: str, said: Value, triggers: Value) -> Value:
        place = said.place or self.place
        found = {
            "name": known(name, place),
            "uses": said.child("uses"),
            "script": said.child("run"),
            "inputs": said.child("with"),
            "variables": _variables((said.child("env"),), place),
            "when": said.child("if"),
            "tolerated": said.child("continue-on-error"),
            "triggers": triggers,
        }
        return known(Body.of(found, place), place)

    def _anywhere(self, condition: Value, place: Place) -> Value:
        """Whether a job runs for every branch, or for what is asked to be merged."""
        if _NARROWS.search(condition.text()):
            return known(False, condition.place)
        for name, event in _events(self.said.child("on")):
            merges = name in ("pull_request", "pull_request_target")
            filters = [b.text() for key in ("branches", "tags") for b in event.child(key).items()]
            every = (
                name == "push"
                and (not filters or not _ALL.isdisjoint(filters))
                and not event.child("branches-ignore").items()
            )
            if merges or every:
                return known(True, event.place or place)
        return known(False, place)


def _triggers(said: Value) -> Value:
    """The names of the events, from a text, a list or a mapping."""
    return known(tuple(known(name, event.place or said.place) for name, event in _events(said)), said.place)


def _events(said: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(said.content, Body):
        yield from said.content.items()
    else:
        yield from ((item.text(), absent(item.place)) for item in said.items() if item.text())


def _label(step: Value) -> str:
    """What a step is called: by its author, else by what it does, so that it does not change when others come before it."""
    said = step.child("name").text() or step.child("id").text() or step.child("uses").text().partition("@")[0]
    if said:
        return said
    first = step.child("run").text().strip().partition("\n")[0]
    return f"run {first[:_NAME_LENGTH]}"


def _runners(said: Value, matrix: Value) -> Value:
    """Labels, from a text, a list, or a mapping of a group and labels; one of a matrix is all that it may be."""
    labels = said.child("labels") if isinstance(said.content, Body) else said
    if not isinstance(labels.content, str):
        return labels
    match = _OF_MATRIX.fullmatch(labels.content)
    if match is None or not isinstance(matrix.content, Body):
        return _decided(labels)
    options = [*matrix.child(match[1]).items(), *(i.child(match[1]) for i in matrix.child("include").items())]
    texts = [text for option in options for text in option.items()]
    return known(tuple(_decided(text) for text in texts), labels.place) if texts else _decided(labels)


def _named(said: Value, key: str) -> Value:
    """A text, or the text under a key of a mapping."""
    return said.child(key) if isinstance(said.content, Body) else said


def _decided(said: Value) -> Value:
    """A text; unknown where an expression is to be filled in."""
    if not isinstance(said.content, str) or "${{" not in said.content:
        return said
    return joined(pieces(said.content, _HOLE, lambda hole: _filled_in(hole, said.place), said.place), said.place)


def _filled_in(hole: str, place: Place | None) -> Value:
    return unknown("an expression fills it in", place, decided_by=" ".join(hole.split())[:80])


def _listed(values: Sequence[Value], place: Place) -> Value:
    return known(tuple(v for v in values if v.state is not State.ABSENT), place)


def _variables(levels: tuple[Value, ...], place: Place) -> Value:
    """Those of several levels, the innermost first."""
    names = dict.fromkeys(name for level in levels if isinstance(level.content, Body) for name in level.content.keys())
    rest = unknown("there are too many variables", place) if len(names) > MAX_VARIABLES else None
    names = dict.fromkeys(list(names)[:MAX_VARIABLES])

    def child(name: str) -> Value:
        said = (level.child(name) for level in levels if isinstance(level.content, Body))
        return next((s for s in said if s.state is not State.ABSENT), absent(place))

    return Value(State.KNOWN, Body(child, lambda: tuple(names)), place, rest=rest)


def _entries(said: Value) -> Iterator[tuple[str, Value]]:
    if said.state is State.KNOWN and isinstance(said.content, Body):
        yield from said.content.items()
