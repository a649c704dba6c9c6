"""Terms as one Python function: fields are fetched when first asked for, and a test that several rules share is made once.

What a rule says becomes a constant of the function, never a part of its text. An event in which a field is a list or a
mapping is judged by the plain meaning of the terms instead.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from garrison.watch.rules.narrow import predicates_of
from garrison.watch.rules.term import (
    TEXTUAL,
    All,
    Any_,
    Not,
    Op,
    Predicate,
    Record,
    Term,
    holds,
    in_network,
    text_of,
    texts_of,
)

Judge = Callable[[Record], Sequence[int]]
_ABSENT = "\0" * 2  # the text of a field that is null or not there; told by its identity
_MAX_DEPTH = 30
_MANY = 8  # so many texts that a field may contain are looked for at once, before each by itself
_COST = {
    Op.ABSENT: 0,
    Op.PRESENT: 0,
    Op.EQUALS: 1,
    Op.STARTS: 2,
    Op.ENDS: 2,
    Op.CONTAINS: 3,
    Op.NETWORK: 5,
    Op.REGEX: 6,
}
_DEAREST = 9
_FORMS = {
    Op.EQUALS: "{0} == {1}",
    Op.STARTS: "{0}.startswith({1})",
    Op.ENDS: "{0}.endswith({1})",
    Op.ANYWHERE: "{1} in {0}",
}
_IN_TEXT = {*TEXTUAL, Op.REGEX, Op.NETWORK, Op.ABSENT, Op.PRESENT, Op.ANYWHERE}


class _Structured(Exception):  # noqa: N818 - it is no error
    """A field is a list or a mapping."""


def compiled(terms: Sequence[tuple[int, Term]]) -> Judge:
    """A function that tells the numbers of the terms a record holds, in their order."""
    terms = [(number, term) for number, term in terms if term is not False]
    if not terms:
        return lambda _: ()
    writer = _Writer(term for _, term in terms)
    checks: dict[str, list[str]] = {}
    for number, term in terms:
        checks.setdefault(writer.guard(term), []).append(f"  if {writer.of(term, 0)}: found.append({number})\n")
    body = "".join(f" if {guard}:\n{''.join(each)}" for guard, each in checks.items())
    memory = "".join(f" {name} = None\n" for name in writer.memory)
    ordered = " found.sort()\n" if len(checks) > 1 else ""
    source = f"def judge(e):\n{memory} found = []\n{body}{ordered} return found\n"
    scope: dict[str, Any] = dict(writer.constants)
    exec(compile(source, "<rules>", "exec"), scope)  # noqa: S102 - made of numbers and names of our own only
    quick = scope["judge"]

    def judge(record: Record) -> Sequence[int]:
        try:
            found: Sequence[int] = quick(record)
        except _Structured:
            return [number for number, term in terms if holds(term, record)]
        return found

    return judge


class _Writer:
    """The text of one function, its constants and the names it remembers things by."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self.constants: dict[str, Any] = {"ABSENT": _ABSENT}
        self.memory: list[str] = []
        self._texts: dict[tuple[str, bool], str] = {}
        self._shared: dict[Predicate, str] = {}
        tests = [test for term in terms for test in set(predicates_of(term))]
        self._often = Counter(tests)
        self._within: dict[tuple[str, bool], set[str]] = {}
        for test in tests:
            if test.op is Op.CONTAINS and _is_plain(test):
                self._within.setdefault((test.field, test.cased), set()).add(_asked(test))
        self._looks: dict[tuple[str, bool], str] = {}

    def guard(self, term: Term) -> str:
        """What must hold for a term to hold, and is asked once for all terms that have it in common."""
        for part in term.terms if isinstance(term, All) else (term,):
            asked = part.terms if isinstance(part, Any_) else (part,)
            within = [t for t in asked if isinstance(t, Predicate) and t.op is Op.CONTAINS and _is_plain(t)]
            fields = {(t.field, t.cased) for t in within}
            if len(within) == len(asked) and len(fields) == 1:
                ((field, cased),) = fields
                if len(self._within[field, cased]) >= _MANY:
                    return self._any_within(field, cased=cased)
        return "True"

    def of(self, term: Term, depth: int) -> str:
        if isinstance(term, bool):
            return str(term)
        if depth > _MAX_DEPTH:
            return f"{self._constant(lambda record: holds(term, record))}(e)"
        if isinstance(term, Not):
            return f"not {self.of(term.term, depth + 1)}"
        if isinstance(term, All):
            parts = sorted(term.terms, key=_cost)
            return "(" + " and ".join(self.of(part, depth + 1) for part in parts) + ")"
        if isinstance(term, Any_):
            return "(" + " or ".join(self._alternatives(term.terms, depth)) + ")"
        if self._often[term] > 1:
            return self._remembered(term)
        return self._test(term)

    def _alternatives(self, terms: Sequence[Term], depth: int) -> list[str]:
        """Texts of one field that are asked for in one way are asked for at once."""
        grouped: dict[tuple[str, Op, bool], list[str]] = {}
        rest: list[Term] = []
        for term in sorted(terms, key=_cost):
            if isinstance(term, Predicate) and term.op in TEXTUAL and _is_plain(term):
                grouped.setdefault((term.field, term.op, term.cased), []).append(_asked(term))
            else:
                rest.append(term)
        found = []
        for (field, op, cased), texts in grouped.items():
            said = self._text(field, cased=cased)
            if op is Op.EQUALS:
                found.append(f"{said} in {self._constant(frozenset(texts))}")
            elif op is Op.CONTAINS:
                found.append(self._contains(field, texts, cased=cased))
            else:
                method = "startswith" if op is Op.STARTS else "endswith"
                found.append(f"{said}.{method}({self._constant(tuple(texts))})")
        return [*found, *(self.of(term, depth + 1) for term in rest)]

    def _remembered(self, test: Predicate) -> str:
        name = self._shared.get(test)
        if name is None:
            name = self._shared[test] = f"p{len(self._shared)}"
            self.memory.append(name)
        return f"({name} if {name} is not None else ({name} := {self._test(test)}))"

    def _test(self, test: Predicate) -> str:
        if test.op not in _IN_TEXT or not _is_plain(test):
            return f"{self._constant(lambda record: holds(test, record))}(e)"
        field = "" if test.op is Op.ANYWHERE else test.field
        said = self._text(field, cased=test.cased or test.op in (Op.REGEX, Op.NETWORK))
        if test.op is Op.ABSENT:
            return f"{said} is ABSENT"
        if test.op is Op.PRESENT:
            return f"{said} is not ABSENT"
        if test.op is Op.REGEX:
            return f"({said} is not ABSENT and {self._constant(test.value.search)}({said}) is not None)"
        if test.op is Op.NETWORK:
            return f"({said} is not ABSENT and {self._constant(in_network)}({said}, {self._constant(test.value)}))"
        if test.op is Op.CONTAINS:
            return self._contains(test.field, [_asked(test)], cased=test.cased)
        return _FORMS[test.op].format(said, self._constant(_asked(test)))

    def _contains(self, field: str, texts: Sequence[str], *, cased: bool) -> str:
        """Whether one of the texts is in a field; where rules ask for many, whether any of all is, first."""
        said = self._text(field, cased=cased)
        any_of = " or ".join(f"{self._constant(text)} in {said}" for text in texts)
        if len(self._within.get((field, cased), ())) < _MANY:
            return f"({any_of})"
        return f"({self._any_within(field, cased=cased)} and ({any_of}))"

    def _any_within(self, field: str, *, cased: bool) -> str:
        """Whether any of the texts that all terms look for in a field is there."""
        said = self._text(field, cased=cased)
        name = self._looks.get((field, cased))
        if name is None:
            name = self._looks[field, cased] = f"l{len(self._looks)}"
            self.memory.append(name)
            self.constants[f"s{name}"] = _finder(self._within[field, cased])
        return f"({name} if {name} is not None else ({name} := s{name}({said}) is not None))"

    def _text(self, field: str, *, cased: bool) -> str:
        name = self._texts.get((field, cased))
        if name is None:
            name = self._texts[field, cased] = f"t{len(self._texts)}"
            self.memory.append(name)
            self.constants[f"g{name}"] = text_getter(field, cased=cased) if field else _everything(cased=cased)
        return f"({name} if {name} is not None else ({name} := g{name}(e)))"

    def _constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name


def text_getter(field: str, *, cased: bool) -> Callable[[Record], str]:
    """What fetches a field as text, in lower case unless case counts. Raises _Structured."""
    steps = field.split(".")

    def value(record: Record) -> Any:
        found = record.get(field)
        if found is None and len(steps) > 1 and field not in record:
            found = record
            for step in steps:
                if found.__class__ is not dict:
                    if found.__class__ is list:
                        raise _Structured
                    return None
                found = found.get(step)
        return found

    fetch: Callable[[Record], Any] = value if len(steps) > 1 else lambda record: record.get(field)

    def get(record: Record) -> str:
        said = fetch(record)
        if said.__class__ is str:
            return said if cased else said.lower()
        if said is None:
            return _ABSENT
        if isinstance(said, list | dict):
            raise _Structured
        return text_of(said)

    return get


def _finder(texts: Iterable[str]) -> Callable[[str], object]:
    """What looks for many texts in one pass."""
    import re2

    found: Callable[[str], object] = re2.compile("|".join(sorted(map(re.escape, texts)))).search
    return found


def _everything(*, cased: bool) -> Callable[[Record], str]:
    """What fetches all values of a record as one text, in which none runs into the next."""
    if cased:
        return lambda record: "\0".join(texts_of(record))
    return lambda record: "\0".join(text.lower() for text in texts_of(record))


def _asked(test: Predicate) -> str:
    text: str = test.value
    return text if test.cased else text.lower()


def _is_plain(test: Predicate) -> bool:
    """Whether a field that is absent passes the test no more than it should: its text would hold nothing, or NUL."""
    if test.op not in TEXTUAL and test.op is not Op.ANYWHERE:
        return True
    return isinstance(test.value, str) and bool(test.value) and "\0" not in test.value


def _cost(term: Term) -> int:
    if isinstance(term, Predicate):
        return _COST.get(term.op, _DEAREST)
    if isinstance(term, bool):
        return 0
    return _cost(term.term) if isinstance(term, Not) else max(map(_cost, term.terms), default=0)
