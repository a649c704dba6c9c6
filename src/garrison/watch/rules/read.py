"""Files to rules. A file may hold several, parted by `---`; one that is broken is told with its place and stops no other."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from garrison.errors import ConfigError, UsageError
from garrison.watch.rules.judge import Judge
from garrison.watch.rules.refer import refer
from garrison.watch.rules.rule import About, Broken, Correlation, Examples, Kind, Level, Logsource, Rule, Rules
from garrison.watch.rules.sigma import policy, term_of
from garrison.watch.rules.term import Any_

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule
    from sigma.rule.base import SigmaRuleBase

_MAX_BYTES = 1_000_000
_MAX_NODES = 100_000
_ENDINGS = (".yml", ".yaml")
_UTF16LE = re.compile(r"\|utf16le(?=\||$)")


def read_rules(paths: Iterable[Path]) -> Rules:
    """Rules of files, and of folders with all below them. Raises UsageError for a path that is not there."""
    found, seen = Rules([], [], []), set[Path]()
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}", hint="name a rule or a folder of rules")
        for file in _files(path):
            whole = file.resolve()
            if whole not in seen:  # named twice, or led to by a link, as files of a ConfigMap are
                seen.add(whole)
                _read_file(file, found)
    refer(found, pack().resolve())
    return found


def pack() -> Path:
    """The folder of Garrison's own rules."""
    return Path(__file__).parent / "pack"


def is_empty(path: Path) -> bool:
    """Whether no file of rules is there."""
    return next(_files(path), None) is None


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.suffix in _ENDINGS and file.is_file():
            yield file


def _read_file(file: Path, found: Rules) -> None:
    name = str(file)
    try:
        documents = list(_documents(_data(file)))
    except Exception as error:  # noqa: BLE001 - PyYAML raises ValueError and others for values that are none
        found.broken.append(_unread(name, error))
        return
    for line, said in documents:
        try:
            _read_document(said, name, line, found)
        except ConfigError as error:
            found.broken.append(Broken(name, line, error.message, error.hint))
        except Exception as error:  # noqa: BLE001 - what pySigma raises for odd shapes is not to be foreseen
            found.broken.append(Broken(name, line, f"it is no Sigma rule: {type(error).__name__}: {error}"))


def _data(file: Path) -> bytes:
    with file.open("rb") as stream:
        data = stream.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"it has more than {_MAX_BYTES:,} bytes")
    return data


def _unread(name: str, error: Exception) -> Broken:
    if isinstance(error, OSError):
        return Broken(name, 0, f"it cannot be read: {error.strerror}")
    if isinstance(error, yaml.MarkedYAMLError):
        return Broken(name, error.problem_mark.line + 1 if error.problem_mark else 0, f"it is no YAML: {error.problem}")
    if isinstance(error, RecursionError):
        return Broken(name, 0, "it is nested too deep")
    return Broken(name, 0, str(error) if isinstance(error, ConfigError) else f"it is no YAML: {error}")


def _documents(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each document of a file and the line it begins in."""
    loader = yaml.CSafeLoader(data)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                if _size(node, {}) > _MAX_NODES:
                    raise ConfigError(f"with its aliases written out it has more than {_MAX_NODES:,} values")
                yield node.start_mark.line + 1, loader.construct_document(node)
    finally:
        loader.dispose()


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values there are with aliases written out; of one that holds itself, without end."""
    if id(node) not in known:
        known[id(node)] = _MAX_NODES + 1
        inner = node.value if isinstance(node, yaml.CollectionNode) else ()
        parts = [part for one in inner for part in (one if isinstance(one, tuple) else (one,))]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _read_document(said: Any, path: str, line: int, found: Rules) -> None:
    from sigma.correlations import SigmaCorrelationRule
    from sigma.exceptions import SigmaError
    from sigma.rule import SigmaRule

    if not isinstance(said, dict):
        raise ConfigError("a rule is a mapping", hint="https://sigmahq.io/docs/basics/rules.html")
    digest = "sha256:" + hashlib.sha256(repr(said).encode("utf8", "surrogatepass")).hexdigest()
    examples = _examples(said.pop("examples", None), lists="correlation" in said)
    try:
        if "correlation" in said:
            correlation = SigmaCorrelationRule.from_dict(said, policy=policy())
            about = _about(correlation, path, line, digest)
            found.correlations.append(_correlation(correlation, about, examples))
        else:
            rule = SigmaRule.from_dict({key: _spelt(said[key]) for key in said}, policy=policy())
            found.rules.append(_rule(rule, _about(rule, path, line, digest), examples))
    except SigmaError as error:
        raise ConfigError(f"it is no Sigma rule: {error}") from error


def _spelt(said: Any) -> Any:
    """A rule, or a part of it, with modifiers by the names that pySigma knows: utf16le of the specification is its wide."""
    if isinstance(said, dict):
        return {_UTF16LE.sub("|wide", key) if isinstance(key, str) else key: _spelt(said[key]) for key in said}
    return [_spelt(one) for one in said] if isinstance(said, list) else said


def _rule(rule: SigmaRule, about: About, examples: Examples) -> Rule:
    parsed = [term_of(condition.parsed) for condition in rule.detection.parsed_condition]
    term = parsed[0] if len(parsed) == 1 else Any_(tuple(parsed))
    made = Rule(about, _logsource(rule), term, examples)
    Judge([made]).make_ready()  # what cannot be is told here, with its place
    return made


def _about(rule: SigmaRuleBase, path: str, line: int, digest: str) -> About:
    if not rule.title:
        raise ConfigError("it has no title")
    return About(
        id=str(rule.id or rule.name or rule.title),
        title=_text("title", rule.title),
        level=Level[rule.level.name] if rule.level else Level.MEDIUM,
        path=path,
        line=line,
        name=_text("name", rule.name or ""),
        description=(rule.description or "").strip(),
        tags=tuple(str(tag) for tag in rule.tags),
        falsepositives=_texts("falsepositives", rule.falsepositives),
        references=_texts("references", rule.references),
        digest=digest,
    )


def _logsource(rule: SigmaRule) -> Logsource:
    said = rule.logsource
    return Logsource(said.product or "", said.category or "", said.service or "")


def _correlation(rule: SigmaCorrelationRule, about: About, examples: Examples) -> Correlation:
    from sigma.correlations import SigmaCorrelationCondition

    kinds = {kind.value for kind in Kind}
    kind = rule.type.name.lower()
    if kind not in kinds:
        raise ConfigError(f"correlations of type {kind} are not judged here", hint="types: " + ", ".join(sorted(kinds)))
    condition = rule.condition
    if not isinstance(condition, SigmaCorrelationCondition):
        raise ConfigError("conditions in words are not judged here", hint="write: condition: {gte: 3}")
    named = condition.fieldref
    timespan_us = rule.timespan.seconds * 1_000_000
    if timespan_us <= 0:
        raise ConfigError("its timespan is nothing", hint="write: timespan: 10m")
    return Correlation(
        about=about,
        kind=Kind(kind),
        rules=_texts("rules", [reference.reference for reference in rule.rules or ()]),
        group_by=_texts("group-by", rule.group_by or ()),
        timespan_us=timespan_us,
        op=condition.op.name.lower(),
        count=int(condition.count),
        fields=(named,) if isinstance(named, str) else _texts("field", named or ()),
        aliases={
            _text("aliases", a.alias): {r.reference: _text("aliases", field) for r, field in a.mapping.items()}
            for a in rule.aliases
        },
        generate=rule.generate,
        examples=examples,
    )


def _texts(name: str, said: Iterable[Any]) -> tuple[str, ...]:
    return tuple(_text(name, one) for one in said)


def _text(name: str, said: Any) -> str:
    if not isinstance(said, str):
        raise ConfigError(f"{name} says {said!r}, which is no text", hint="put it in quotes")
    return said


def _examples(said: Any, *, lists: bool) -> Examples:
    """`examples: {match: [...], miss: [...]}`: events, or lists of them, as mappings or lines of JSON."""
    if said is None:
        return Examples()
    if not isinstance(said, dict) or not set(said) <= {"match", "miss"}:
        raise ConfigError("examples are two lists, match and miss")
    match, miss = (said.get(name) or () for name in ("match", "miss"))
    if not isinstance(match, list | tuple) or not isinstance(miss, list | tuple):
        raise ConfigError("examples are two lists, match and miss")
    read = _sequence if lists else _example
    return Examples(tuple(read(e) for e in match), tuple(read(e) for e in miss))


def _sequence(said: Any) -> tuple[dict[str, Any], ...]:
    if not isinstance(said, list):
        raise ConfigError("an example of a correlation is a list of events")
    return tuple(_example(event) for event in said)


def _example(said: Any) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(said) if isinstance(said, str) else said
    except msgspec.DecodeError as error:
        raise ConfigError(f"an example is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError("an example is an event: a mapping, or a line of JSON that is one")
    return {str(key): value for key, value in found.items()}
