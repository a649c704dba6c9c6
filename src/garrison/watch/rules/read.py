"""Files to rules. A file may hold several, parted by `---`; one that is broken is told with its place and stops no other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from garrison.errors import ConfigError, UsageError
from garrison.watch.rules.rule import About, Broken, Correlation, Examples, Kind, Level, Logsource, Rule, Rules
from garrison.watch.rules.sigma import policy, term_of
from garrison.watch.rules.term import Any_

if TYPE_CHECKING:
    from sigma.correlations import SigmaCorrelationRule
    from sigma.rule import SigmaRule
    from sigma.rule.base import SigmaRuleBase

_MAX_BYTES = 1_000_000
_ENDINGS = (".yml", ".yaml")


def read_rules(paths: Iterable[Path]) -> Rules:
    """Rules of files, and of folders with all below them. Raises UsageError for a path that is not there."""
    found = Rules([], [], [])
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}", hint="name a rule or a folder of rules")
        for file in _files(path):
            _read_file(file, found)
    _refer(found)
    return found


def pack() -> Path:
    """The folder of Garrison's own rules."""
    return Path(__file__).parent / "pack"


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
    except (ConfigError, OSError, RecursionError, yaml.YAMLError) as error:
        found.broken.append(_unread(name, error))
        return
    for line, said in documents:
        try:
            _read_document(said, name, line, found)
        except ConfigError as error:
            found.broken.append(Broken(name, line, error.message, error.hint))


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
    return Broken(name, 0, "it is nested too deep" if isinstance(error, RecursionError) else str(error))


def _documents(data: bytes) -> Iterator[tuple[int, Any]]:
    """Each document of a file and the line it begins in."""
    loader = yaml.CSafeLoader(data)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is not None:
                yield node.start_mark.line + 1, loader.construct_document(node)
    finally:
        loader.dispose()


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
            rule = SigmaRule.from_dict(said, policy=policy())
            found.rules.append(_rule(rule, _about(rule, path, line, digest), examples))
    except SigmaError as error:
        raise ConfigError(f"it is no Sigma rule: {error}") from error
    except (AttributeError, TypeError, ValueError, RecursionError) as error:  # what pySigma raises for odd shapes
        raise ConfigError(f"it is no Sigma rule: {type(error).__name__}: {error}") from error


def _rule(rule: SigmaRule, about: About, examples: Examples) -> Rule:
    parsed = [term_of(condition.parsed) for condition in rule.detection.parsed_condition]
    term = parsed[0] if len(parsed) == 1 else Any_(tuple(parsed))
    return Rule(about, _logsource(rule), term, examples)


def _about(rule: SigmaRuleBase, path: str, line: int, digest: str) -> About:
    if not rule.title:
        raise ConfigError("it has no title")
    return About(
        id=str(rule.id or rule.name or rule.title),
        title=rule.title,
        level=Level[rule.level.name] if rule.level else Level.MEDIUM,
        path=path,
        line=line,
        name=rule.name or "",
        description=(rule.description or "").strip(),
        tags=tuple(str(tag) for tag in rule.tags),
        falsepositives=tuple(rule.falsepositives),
        references=tuple(rule.references),
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
    return Correlation(
        about=about,
        kind=Kind(kind),
        rules=tuple(reference.reference for reference in rule.rules or ()),
        group_by=tuple(rule.group_by or ()),
        timespan_us=rule.timespan.seconds * 1_000_000,
        op=condition.op.name.lower(),
        count=int(condition.count),
        fields=(named,) if isinstance(named, str) else tuple(named or ()),
        aliases={a.alias: {r.reference: field for r, field in a.mapping.items()} for a in rule.aliases},
        generate=rule.generate,
        examples=examples,
    )


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


def _refer(found: Rules) -> None:
    """Put away correlations that name rules which are not there, and rules whose id stands twice."""
    seen: dict[str, Rule] = {}
    for rule in list(found.rules):
        other = seen.setdefault(rule.about.id, rule)
        if other is not rule:
            found.rules.remove(rule)
            message = f"its id is that of {other.about.path}:{other.about.line}"
            found.broken.append(Broken(rule.about.path, rule.about.line, message, "give each rule an id of its own"))
    _drop_lost(found)


def _drop_lost(found: Rules) -> None:
    """Of the correlations those stay whose names all lead to rules in the end, without coming back to themselves."""
    sound = {name for rule in found.rules for name in names_of(rule.about)}
    waiting = list(found.correlations)
    while ready := [c for c in waiting if sound.issuperset(c.rules)]:
        sound.update(name for c in ready for name in names_of(c.about))
        waiting = [c for c in waiting if c not in ready]
    for correlation in waiting:
        found.correlations.remove(correlation)
        about, lost = correlation.about, ", ".join(name for name in correlation.rules if name not in sound)
        found.broken.append(Broken(about.path, about.line, f"it names rules that are not there, or itself: {lost}"))


def names_of(about: About) -> tuple[str, ...]:
    """What correlations may call a rule."""
    return (about.id, about.name) if about.name else (about.id,)
