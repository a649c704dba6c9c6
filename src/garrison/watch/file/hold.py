"""What a watch file must not say although its form is right: found before anything is started."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from garrison.errors import ConfigError, GarrisonError, nearest
from garrison.events.mappers import mapper
from garrison.watch.export.destination import faults as faults_of_exports
from garrison.watch.file.read import Loaded, span_s
from garrison.watch.file.unheard import unheard
from garrison.watch.judge import rulebook
from garrison.watch.judge.countries import countries
from garrison.watch.receive.inputs import inputs
from garrison.watch.receive.listen import place
from garrison.watch.redact.redactor import ready
from garrison.watch.retention.vouched import by as vouched_by
from garrison.watch.store.filter import parse
from garrison.watch.store.schema import RETENTION_DAYS
from garrison.watch.store.search import moment
from garrison.watch.tell.tell import faulty
from garrison.watch.tell.tell import hold as hold_telling

if TYPE_CHECKING:  # what it stands on takes a second to import
    from garrison.watch.models.learnt import Learnt


def hold(loaded: Loaded) -> list[str]:
    """What is worth a warning. Raises ConfigError for what is wrong."""
    _hold_running(loaded)
    _hold_inputs(loaded)
    for number, rule in enumerate(loaded.watch.redact):
        with _at(loaded, "redact", number):
            ready(rule, b"")
    with _at(loaded, "route"):
        hold_telling(loaded.telling)
    _hold_exports(loaded)
    _hold_judging(loaded)
    references(loaded)
    return list(_warnings(loaded))


def references(loaded: Loaded) -> dict[str, Learnt]:
    """What is ordinary for the models that are watched. Raises ConfigError."""
    if not loaded.watch.model:
        return {}
    from garrison.watch.models.learnt import read as read_reference

    found = {}
    for number, model in enumerate(loaded.watch.model):
        if model.name in found:
            raise loaded.wrong(("model", number, "name"), f"{model.name} is named twice", "each model once")
        found[model.name] = read_reference(loaded.beside(model.reference))
    return found


def models_key(loaded: Loaded) -> bytes:
    """The key that references were made with. Raises ConfigError."""
    from garrison.watch.key import read_key

    return read_key(loaded.beside(loaded.watch.models.key_file), "make it with: garrison models learn")


def _hold_running(loaded: Loaded) -> None:
    said = loaded.watch.watch
    if said.store and "://" not in said.store:
        hint = "write https://HOST:8443, or leave it out and name the folder with state"
        raise loaded.wrong(("watch", "store"), f"{said.store!r} is no URL", hint)
    if said.store and urlsplit(said.store).username is not None:
        hint = "leave it out: each role has its own, in variables such as GARRISON_STORE_READER_USER"
        raise loaded.wrong(("watch", "store"), "the URL names a user, who would be everybody", hint)
    with _at(loaded, "watch", "metrics"):
        if said.metrics and not place(said.metrics)[2]:
            raise ConfigError(f"{said.metrics} is open to the network", hint='write "127.0.0.1:9469"')
    ledger = loaded.ledger
    if ledger is None and not said.store and (known := vouched_by(loaded.state / "store")):
        hint = f'write ledger = "{known.folder}"'
        raise loaded.wrong(("watch",), f"the ledger {known.origin} vouches for this store, and is not named", hint)
    if ledger is not None and not (ledger / "checkpoint").is_file():
        hint = f"make it: garrison ledger init {said.ledger} --origin NAME"
        raise loaded.wrong(("watch", "ledger"), "there is no ledger", hint)


def _hold_inputs(loaded: Loaded) -> None:
    names: set[str] = set()
    classes = {**RETENTION_DAYS, **loaded.retention}
    for number, one in enumerate(loaded.watch.input):
        with _at(loaded, "input", number, "name"):
            if not one.name or one.name in names:
                raise ConfigError(f"{one.name!r} is named twice" if one.name else "no name", hint="name each input")
        names.add(one.name)
        with _at(loaded, "input", number, "retention"):
            if one.retention not in classes:
                hint = nearest(one.retention, classes, f"write one of: {', '.join(classes)}")
                raise ConfigError(f"no class is called {one.retention}", hint=hint)
        with _at(loaded, "input", number, "log"):
            if log := getattr(one, "log", ""):
                mapper(log)
        with _at(loaded, "input", number, "quiet-after"):
            if one.quiet_after:
                span_s(one.quiet_after)
        with _at(loaded, "input", number):
            inputs()[str(one.__struct_config__.tag)].hold(one, loaded.beside)


def _hold_exports(loaded: Loaded) -> None:
    names: set[str] = set()
    for number, one in enumerate(loaded.watch.export):
        with _at(loaded, "export", number, "name"):
            if one.name in names:
                raise ConfigError(f"{one.name!r} is named twice", hint="name each export")
        names.add(one.name)
        with _at(loaded, "export", number, "filter"):
            parse(one.filter, moment)
        with _at(loaded, "export", number, "since"):
            if one.since:
                moment(one.since)


def _hold_judging(loaded: Loaded) -> None:
    for number, name in enumerate(loaded.watch.rules.folders):
        with _at(loaded, "rules", "folders", number):
            rulebook.hold([loaded.beside(name)])
    said = loaded.watch.baselines
    if said.enabled and said.countries:
        try:
            countries(loaded.beside(said.countries))
        except ConfigError as error:
            raise loaded.wrong(("baselines", "countries"), f"{said.countries} {error.message}", error.hint) from error


@contextlib.contextmanager
def _at(loaded: Loaded, *steps: str | int) -> Iterator[None]:
    """Whatever is found wrong within is said of these keys, unless it is said of another file."""
    try:
        yield
    except GarrisonError as error:
        if error.path:
            raise
        raise loaded.wrong(steps, error.message, error.hint) from error


def _warnings(loaded: Loaded) -> Iterator[str]:
    if loaded.ledger is None:
        yield "[watch] ledger is not set: that events were changed or removed will not be noticed"
    for steps, message, hint in faulty(loaded.telling, loaded.beside):
        yield loaded.warning(steps, message, hint)
    yield from faults_of_exports(loaded.watch.export, loaded.beside)
    book = rulebook.read(loaded.watch.rules, [loaded.beside(name) for name in loaded.watch.rules.folders])
    yield from unheard(loaded, book)
    for broken in book.rules.broken:
        yield f"{broken.where}  {broken.message}" + (f"; {broken.hint}" if broken.hint else "")
    for about in book.abouts:
        if about.replaces:
            yield f"{about.path}:{about.line}  it takes the place of Garrison's own: {about.replaces}"
