"""`replacements`: a value of one object put into others.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/replacements/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from garrison.estate.values import Body, State, Value, absent, known
from garrison.sources.documents import as_text
from garrison.sources.interface import Tree
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.edits import EACH, Change, body_of, entry, listed, with_entries
from garrison.sources.kubernetes.kustomization import Kustomization, documents_of
from garrison.sources.kubernetes.targets import Selector

_STEP = re.compile(r"\[[^\]]*\]|(?:\\.|[^.\\\[])+")
_WHERE = re.compile(r"\[(?P<key>[^=\]]*)=(?P<value>[^\]]*)\]")
_MAX_STEPS = 100
_NAME, _NAMESPACE = "metadata.name", "metadata.namespace"


def replace(kustomization: Kustomization, objects: list[Deployed], tree: Tree) -> list[Deployed]:
    """The objects after the replacements of a kustomization."""
    for said in _said(kustomization, tree):
        value = _source(said, objects)
        if value.state is State.ABSENT:
            message = "a replacement is not applied: its source is not among what is read"
            tree.note(kustomization.path, message)
            continue
        for target in listed(entry(said, "targets")) or ():
            objects = [_replaced(one, target, value) for one in objects]
    return objects


def _said(kustomization: Kustomization, tree: Tree) -> Iterator[Value]:
    for said in kustomization.all("replacements"):
        file = tree.files.get(kustomization.beside(entry(said, "path").text())) if entry(said, "path").text() else None
        if file is None:
            yield said
            continue
        for document in documents_of(file, tree):
            yield from listed(document) or (document,)


def _source(said: Value, objects: Sequence[Deployed]) -> Value:
    """What is put in; absent where that cannot be told."""
    literal, source = entry(said, "sourceValue"), entry(said, "source")
    if literal.state is not State.ABSENT or body_of(source) is None:
        return literal
    selector = Selector(source)
    one = next((o for o in objects if selector.selects(o, whole=False)), None)
    if one is None:
        return absent(said.place)
    value = _at(one.value(), _steps(entry(source, "fieldPath").text() or _NAME))
    options = entry(source, "options")
    delimiter, index = entry(options, "delimiter").text(), entry(options, "index").content
    if not delimiter or value.state is not State.KNOWN or isinstance(value.content, tuple | Body):
        return value
    pieces = as_text(value.content).split(delimiter)
    place = index if isinstance(index, int) else 0
    return known(pieces[place], value.place) if 0 <= place < len(pieces) else absent(value.place)


def _replaced(one: Deployed, target: Value, value: Value) -> Deployed:
    rejected = listed(entry(target, "reject")) or ()
    if not Selector(entry(target, "select")).selects(one) or any(Selector(r).selects(one) for r in rejected):
        return one
    options = entry(target, "options")
    paths = [p.text() for p in listed(entry(target, "fieldPaths")) or ()] or [_NAME]
    for path in paths:
        if path == _NAME and not entry(options, "delimiter").text():
            one = one.named(value.text(), value.place) if value.text() else one
        elif path == _NAMESPACE and not entry(options, "delimiter").text():
            one = one.placed(value) if value.text() else one
        else:
            one = one.with_change(_putting(_steps(path), value, options))
    return one


def _putting(steps: tuple[str, ...], value: Value, options: Value) -> Change:
    creates = entry(options, "create").equals(True).yes
    return lambda whole: _with(whole, steps, value, options, creates=creates)


def _with(whole: Value, steps: tuple[str, ...], value: Value, options: Value, *, creates: bool) -> Value:
    if whole.state is State.UNKNOWN:
        return whole
    if not steps:
        return _spliced(whole, value, options)
    step, rest = steps[0], steps[1:]
    items = listed(whole)
    if items is not None:
        now = [
            _with(i, rest, value, options, creates=creates) if _chosen(step, n, i) else i for n, i in enumerate(items)
        ]
        return Value(State.KNOWN, tuple(now), whole.place, rest=whole.rest)
    before = entry(whole, step := _key(step))
    if (before.state is State.ABSENT and not creates) or (body_of(whole) is None and whole.state is State.KNOWN):
        return whole
    return with_entries(whole, {step: _with(before, rest, value, options, creates=creates)})


def _spliced(before: Value, value: Value, options: Value) -> Value:
    """The value, or what was said with a piece of it replaced."""
    delimiter = entry(options, "delimiter").text()
    if not delimiter or before.state is not State.KNOWN or value.state is not State.KNOWN:
        return value
    pieces, index = as_text(before.content).split(delimiter), entry(options, "index").content
    at, text = index if isinstance(index, int) else 0, as_text(value.content)
    if 0 <= at < len(pieces):
        pieces[at] = text
    else:
        pieces.insert(0 if at < 0 else len(pieces), text)
    return known(delimiter.join(pieces), value.place)


def _at(value: Value, steps: tuple[str, ...]) -> Value:
    for step in steps:
        items = listed(value)
        if items is not None:
            value = next((i for n, i in enumerate(items) if _chosen(step, n, i)), absent(value.place))
        else:
            value = entry(value, _key(step))
    return value


def _key(step: str) -> str:
    """The name of an entry; brackets may stand around one with points in it."""
    return step[1:-1] if step.startswith("[") else step


def _chosen(step: str, number: int, item: Value) -> bool:
    """Whether a step into a list means an item: `*`, its number, `[name=value]`."""
    where = _WHERE.fullmatch(step)
    if where is None:
        return step in (EACH, str(number))
    said = entry(item, where["key"]) if where["key"] else item
    return said.state is State.KNOWN and as_text(said.content) == where["value"]


def _steps(path: str) -> tuple[str, ...]:
    """The steps of `spec.containers.[name=a].env`; a backslash makes a point one of the name."""
    return tuple(step.replace("\\.", ".") for step in _STEP.findall(path))[:_MAX_STEPS]
