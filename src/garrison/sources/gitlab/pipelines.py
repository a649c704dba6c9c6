"""Pipeline files to resources, what a job takes from defaults and others filled in.

"CI/CD YAML syntax reference", GitLab Docs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Ref, State, Value, absent, dig, known, unknown
from garrison.sources.documents import joined, pieces
from garrison.sources.gitlab.configuration import Configuration, flat, merged
from garrison.sources.interface import File, Tree

MAX_JOBS = 5_000  # of one pipeline
MAX_VARIABLES = 500  # of one job
# Names at the top of a configuration that are no jobs.
_NO_JOBS = frozenset(
    {
        "default", "include", "stages", "types", "variables", "workflow", "image", "services", "cache", "before_script",
        "after_script", "spec",
    }
)  # fmt: skip
_DEFAULTED = ("image", "services", "before_script", "after_script", "tags", "artifacts")
_SCRIPTS = ("before_script", "script", "after_script")
_VARIABLE = re.compile(r"\$\{?\w+\}?|\$\[\[.*?\]\]")
_MERGES = re.compile(r"merge_request|\bMERGE_REQUEST\b|CI_OPEN_MERGE_REQUESTS")
_NARROWS = re.compile(
    r"CI_COMMIT_(BRANCH|REF|TAG)|CI_DEFAULT_BRANCH|PROTECTED|CI_PIPELINE_SOURCE|CI_MERGE_REQUEST_TARGET"
)
_EVERYWHERE = frozenset({"branches", "merge_requests", "pushes", "external_pull_requests"})
_SETTINGS = "its variables, protected branches and environments are settings of the project in GitLab: not read"


def read_pipelines(files: Sequence[File], tree: Tree) -> list[PipelinePiece]:
    """Every pipeline that no other one includes, and its jobs."""
    found = [Configuration(file, tree) for file in files]
    inner = {path for one in found for path in one.files if path != one.file.path}
    pieces_: list[PipelinePiece] = []
    for one in found:
        if one.file.path not in inner and one.place.place is not None:
            tree.note(one.file.path, _SETTINGS)
            pieces_ += _Pipeline(one, one.place.place).pieces()
    return pieces_


class PipelinePiece:
    """A pipeline or one of its jobs, as a table reads it."""

    __slots__ = ("_value", "address", "place", "root", "type")

    format = "gitlab"
    exists: Truth = YES
    condition = ""

    def __init__(self, type_: str, root: str, address: str, place: Place, said: dict[str, Value]) -> None:
        self.type, self.root, self.address, self.place = type_, root, address, place
        self._value = known(Body.of(said, place), place)

    def at(self, path: tuple[str, ...]) -> Value:
        """See `Resource`."""
        return dig(self._value, path)

    def __repr__(self) -> str:
        return f"<{self.address}>"


class _Pipeline:
    """One pipeline."""

    def __init__(self, configuration: Configuration, place: Place) -> None:
        self.said, self.place = configuration, place
        self.root = configuration.file.path
        self.address = f"{self.root}:pipeline"

    def pieces(self) -> Iterator[PipelinePiece]:
        """The pipeline and its jobs."""
        about = {"name": known(self.root, self.place), "includes": known(tuple(self.said.includes), self.place)}
        yield PipelinePiece("Pipeline", self.root, self.address, self.place, about)
        number = 0
        for name, own in self.said.entries.items():
            if name in _NO_JOBS or name.startswith(".") or not isinstance(own.content, Body):
                continue
            number += 1
            if number > MAX_JOBS:
                message = f"it has more than {MAX_JOBS:,} jobs: those after them are not read"
                self.said.tree.problem(self.root, message, hint="split it into several pipelines")
                return
            yield self._job(name, self.said.job(name), own.place or self.place)

    def _job(self, name: str, job: Value, place: Place) -> PipelinePiece:
        variables = _variables(self._top("variables"), job.child("variables"), place)
        services = _images(flat_items(self._default(job, "services")), variables)
        found = {
            "name": known(name, place),
            "pipeline": Value(State.KNOWN, self.address, place, ref=Ref(self.address)),
            "triggers": known((known("push", place),), place),
            "needs": known(tuple(_named(n, "job") for n in flat_items(job.child("needs"))), place),
            "environment": _decided(_named(job.child("environment"), "name"), variables),
            "manual": self._manual(job),
            "anywhere": self._anywhere(job, place),
            "runners": self._default(job, "tags"),
            "images": known((*_images((self._default(job, "image"),), variables), *services), place),
            "services": known(services, place),
            "variables": variables,
            "artifacts": self._default(job, "artifacts").child("paths"),
            "tolerated": job.child("allow_failure"),
            "steps": known(tuple(self._steps(job)), place),
        }
        return PipelinePiece("Job", self.root, f"{self.address}/jobs[{name}]", place, found)

    def _top(self, name: str) -> Value:
        return self.said.entries.get(name, absent(self.place))

    def _default(self, job: Value, key: str) -> Value:
        """What a job says, else the pipeline's default for all jobs."""
        own = job.child(key)
        if own.state is not State.ABSENT or key not in _DEFAULTED:
            return own
        general = self._top("default").child(key)
        return self._top(key) if general.state is State.ABSENT else general

    def _steps(self, job: Value) -> Iterator[Value]:
        for name in _SCRIPTS:
            script = flat(self._default(job, name))
            # What an unread parent may say beside the script is the same as what it may say in it.
            if script.state is State.KNOWN or (script.state is State.UNKNOWN and name == "script"):
                place = script.place or job.place or self.place
                said = {"name": known(name, place), "script": script}
                yield known(Body.of(said, place), place)

    def _rules(self, job: Value) -> Value:
        """The rules of a job, else those of the pipeline."""
        own = job.child("rules")
        if own.state is not State.ABSENT or any(job.child(k).state is not State.ABSENT for k in ("only", "except")):
            return own
        return self._top("workflow").child("rules")

    def _manual(self, job: Value) -> Value:
        """Whether somebody has to start it, whichever rule it is that lets it run."""
        rules = [r.child("when") for r in flat_items(job.child("rules")) if r.child("when").text() != "never"]
        said = rules or [job.child("when")]
        return known(all(when.text() == "manual" for when in said), said[0].place or job.place)

    def _anywhere(self, job: Value, place: Place) -> Value:
        """Whether it runs for every branch, or for what is asked to be merged; unknown where its rules are not clear."""
        only = job.child("only")
        if only.state is not State.ABSENT:
            refs = only.child("refs") if isinstance(only.content, Body) else only
            return known(any(r.text() in _EVERYWHERE for r in refs.items()), only.place)
        rules = self._rules(job)
        if rules.state is State.ABSENT:
            return known(job.child("except").state is State.ABSENT, place)
        answers = list(_each_rule(rules))
        if None in answers and True not in answers:
            return unknown("its rules are not clear", rules.place, decided_by="rules")
        return known(True in answers, rules.place)


def _each_rule(rules: Value) -> Iterator[bool | None]:
    """Whether each rule lets it run for every branch or merge request; None where it cannot be told."""
    narrowed = False  # by a rule before, which takes some branches out
    for rule in flat_items(rules):
        condition = rule.child("if").text()
        if rule.state is not State.KNOWN:
            yield None
        elif rule.child("when").text() == "never":
            narrowed = True
        elif _MERGES.search(condition):
            yield True
        elif condition:
            yield False if _NARROWS.search(condition) else None
        else:
            yield None if narrowed else True


def flat_items(said: Value) -> tuple[Value, ...]:
    """The items of a list, lists in it taken apart one level, as references are put there."""
    return tuple(inner for item in said.items() for inner in (item.items() or (item,)))


def _named(said: Value, key: str) -> Value:
    """A text, or the text under a key of a mapping."""
    return said.child(key) if isinstance(said.content, Body) else said


def _images(said: Sequence[Value], variables: Value) -> tuple[Value, ...]:
    return tuple(_decided(_named(i, "name"), variables) for i in said if i.state is not State.ABSENT)


def _variables(general: Value, own: Value, place: Place) -> Value:
    """Those of the pipeline and of the job, each a text, or a mapping with its value."""
    both = merged(general, own)
    if not isinstance(both.content, Body):
        return both if both.state is State.UNKNOWN else known(Body.of({}, place), place)
    names = tuple(dict.fromkeys(name for said in (own, general) for name in _keys(said)))
    rest = unknown("there are too many variables", place) if len(names) > MAX_VARIABLES else both.rest
    body = Body(lambda name: _named(both.child(name), "value"), lambda: names[:MAX_VARIABLES])
    return Value(State.KNOWN, body, place, rest=rest)


def _keys(said: Value) -> Sequence[str]:
    return said.content.keys() if isinstance(said.content, Body) else ()


def _decided(said: Value, variables: Value) -> Value:
    """A text with variables that are set here put in; unknown where others are to be."""
    if not isinstance(said.content, str) or "$" not in said.content:
        return said

    def fill(hole: str) -> Value:
        value = variables.child(hole.strip("${}"))
        if isinstance(value.content, str) and "$" not in value.content:
            return value
        return unknown("a variable fills it in", said.place, decided_by=hole)

    return joined(pieces(said.content, _VARIABLE, fill, said.place), said.place)
