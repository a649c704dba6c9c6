"""Terms as one Python function: fields are fetched when first asked for, and a test that several rules share is made once.

What a rule says becomes a constant of the function, never a part of its text. Of terms two functions are made. One is for what is
usual: no field is a list or a mapping, and where many texts are looked for in a field, none of them is there. It asks the other
where that is not so, which is made when it is first needed: there, tests of a field that is a list or a mapping go by their plain meaning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar

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
from garrison.watch.rules.texts import Texts

Known = Mapping[tuple[str, bool], Texts]  # by field, and whether case counts
T = TypeVar("T")
Judge = Callable[[Record], list[T]]
_ABSENT = "\0" * 2  # the text of a field that is null or not there; told by its identity
_STRUCTURED = "\0" * 3  # likewise, of a field that is a list or a mapping
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
_IN_TEXT = {*TEXTUAL, Op.REGEX, Op.NETWORK, Op.ABSENT, Op.PRESENT, Op.ANYWHERE}


class _Structured(Exception):  # noqa: N818 - it is no error
    """A field is a list or a mapping."""


def compiled(terms: Sequence[tuple[T, Term]], known: Known, *, at_large: bool = False) -> Judge[T]:
    """A function that tells what stands beside each of the terms that a record holds, in their order.

    One that is made `at_large` is for all records by itself.
    """
    terms = [(told, term) for told, term in terms if term is not False]
    if not terms:
        return lambda _: []
    writer = _Writer([term for _, term in terms], known, at_large=at_large)
    guards, checks = [], []
    for number, (_, term) in enumerate(terms):
        if guard := writer.guard(term):
            guards.append(f"  if {guard}: return other(e)\n")
        else:
            checks.append(f"  if {writer.of(term, 0)}: found.append(told[{number}])\n")
    memory = "".join(f" {name} = None\n" for name in writer.memory)
    body = "".join([*dict.fromkeys(guards), *checks])
    usual = f" try:\n{body}  return found\n except Structured:\n  return other(e)\n"
    scope = {
        **writer.constants,
        "told": [told for told, _ in terms],
        "Structured": _Structured,
        "other": _other(terms, known),
    }
    source = f"def judge(e):\n{memory} found = []\n{usual}"
    exec(compile(source, "<rules>", "exec"), scope)  # noqa: S102 - made of numbers and names of our own only
    judge: Judge[T] = scope["judge"]
    return judge


def _other(terms: Sequence[tuple[T, Term]], known: Known) -> Judge[T]:
    """The function for all records, made when the first comes that needs it."""
    made = cache(partial(compiled, terms, known, at_large=True))
    return lambda record: made()(record)  # noqa: PLW0108 - not before it is called


def many_texts(terms: Iterable[Term]) -> dict[tuple[str, bool], Texts]:
    """What looks for the texts of terms, of each field in which they look for many."""
    tests = [test for term in terms for test in predicates_of(term)]
    return {field: Texts(texts) for field, texts in _within(tests).items()}


class _Writer:
    """The text of one function, its constants and the names it remembers things by."""

    def __init__(self, terms: Sequence[Term], known: Known, *, at_large: bool) -> None:
        said, lower = (_lenient(_said), _lenient(_lower)) if at_large else (_said, _lower)
        self.constants: dict[str, Any] = {"ABSENT": _ABSENT, "STRUCTURED": _STRUCTURED, "said": said, "lower": lower}
        self.memory: list[str] = []
        tests = [test for term in terms for test in set(predicates_of(term))]
        self._often = Counter(tests)
        self._many = _within(tests)
        self._known = known
        self._at_large = at_large
        self._said: dict[Hashable, str] = {}

    def guard(self, term: Term) -> str:
        """What must hold for a term to hold, and is asked once for all terms that have it in common; "" where that is nothing."""
        if self._at_large:
            return ""
        for part in term.terms if isinstance(term, All) else (term,):
            asked = part.terms if isinstance(part, Any_) else (part,)
            within = [t for t in asked if isinstance(t, Predicate) and t.op is Op.CONTAINS and _is_plain(t)]
            fields = {(t.field, t.cased) for t in within}
            if len(within) == len(asked) and len(fields) == 1:
                ((field, cased),) = fields
                if (field, cased) in self._many:
                    return self._within_text(field, cased=cased)
        return ""

    def of(self, term: Term, depth: int) -> str:
        if isinstance(term, bool):
            return str(term)
        if depth > _MAX_DEPTH:
            return self._plainly(term)
        if isinstance(term, Not):
            return f"not {self.of(term.term, depth + 1)}"
        if isinstance(term, All):
            parts = sorted(term.terms, key=_cost)
            return "(" + " and ".join(self.of(part, depth + 1) for part in parts) + ")"
        if isinstance(term, Any_):
            return "(" + " or ".join(self._alternatives(term.terms, depth)) + ")"
        if self._often[term] > 1:
            return self._once(term, lambda: self._test(term))
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
            test = Any_(tuple(Predicate(field, op, text, cased) for text in texts))
            found.append(self._unless_structured(test, field, self._one_of(field, op, texts, cased=cased), cased=cased))
        return [*found, *(self.of(term, depth + 1) for term in rest)]

    def _one_of(self, field: str, op: Op, texts: Sequence[str], *, cased: bool) -> str:
        if op is Op.CONTAINS:
            return self._contains(field, texts, cased=cased)
        said = self._text(field, cased=cased)
        if op is Op.EQUALS:
            return f"{said} in {self._constant(frozenset(texts))}"
        method = "startswith" if op is Op.STARTS else "endswith"
        return f"{said}.{method}({self._constant(tuple(texts))})"

    def _unless_structured(self, test: Term, field: str, quick: str, *, cased: bool) -> str:
        """A test of a text; of a field that is a list or a mapping, its plain meaning."""
        if not self._at_large:
            return quick
        return f"({self._plainly(test)} if {self._text(field, cased=cased)} is STRUCTURED else {quick})"

    def _plainly(self, term: Term) -> str:
        return f"{self._constant(partial(holds, term))}(e)"

    def _once(self, what: Hashable, written: Callable[[], str]) -> str:
        """What is found out when it is first asked for, and remembered until the function ends."""
        said = self._said.get(what)
        if said is None:
            found_out = written()
            name = f"m{len(self.memory)}"
            self.memory.append(name)
            said = self._said[what] = f"({name} if {name} is not None else ({name} := {found_out}))"
        return said

    def _test(self, test: Predicate) -> str:
        if test.op not in _IN_TEXT or not _is_plain(test):
            return self._plainly(test)
        if test.op is Op.ANYWHERE:
            return f"{self._constant(_asked(test))} in {self._text('', cased=test.cased)}"
        cased = test.cased or test.op in (Op.REGEX, Op.NETWORK)
        return self._unless_structured(test, test.field, self._of_text(test, cased=cased), cased=cased)

    def _of_text(self, test: Predicate, *, cased: bool) -> str:
        if test.op in TEXTUAL:
            return self._one_of(test.field, test.op, [_asked(test)], cased=cased)
        said = self._text(test.field, cased=cased)
        if test.op is Op.ABSENT:
            return f"{said} is ABSENT"
        if test.op is Op.PRESENT:
            return f"{said} is not ABSENT"
        if test.op is Op.REGEX:
            return f"({said} is not ABSENT and {self._constant(test.value.search)}({said}) is not None)"
        return f"({said} is not ABSENT and {self._constant(in_network)}({said}, {self._constant(test.value)}))"

    def _contains(self, field: str, texts: Sequence[str], *, cased: bool) -> str:
        """Whether one of the texts is in a field; where rules ask for many, all of them are looked for at once."""
        if (field, cased) not in self._many:
            said = self._text(field, cased=cased)
            return "(" + " or ".join(f"{self._constant(text)} in {said}" for text in texts) + ")"
        return f"{self._within_text(field, cased=cased)} & {self._constant(self._known[field, cased].bits(texts))}"

    def _within_text(self, field: str, *, cased: bool) -> str:
        """Which of the texts that all terms look for in a field are there."""
        find, said = self._known[field, cased].within, self._text(field, cased=cased)
        return self._once(("within", field, cased), lambda: f"{self._constant(find)}({said})")

    def _text(self, field: str, *, cased: bool) -> str:
        return self._once((field, cased), lambda: self._fetched(field, cased=cased))

    def _fetched(self, field: str, *, cased: bool) -> str:
        if not field:
            return f"{self._constant(_everything(cased=cased))}(e)"
        value = f"{self._constant(_getter(field))}(e)" if "." in field else f"e.get({self._constant(field)})"
        return f"{'said' if cased else 'lower'}({value})"

    def _constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name


def _getter(path: str) -> Callable[[Record], Any]:
    """What fetches a field below the top: the list on the way to it, where there is one."""
    steps = path.split(".")

    def get(record: Record) -> Any:
        if path in record:
            return record[path]
        found: Any = record
        for step in steps:
            if found.__class__ is not dict:
                return found if found.__class__ is list else None
            found = found.get(step)
        return found

    return get


def _said(value: Any) -> str:
    """A value as text. Raises _Structured."""
    if value.__class__ is str:
        return value
    if value is None:
        return _ABSENT
    if isinstance(value, list | dict):
        raise _Structured
    return text_of(value)


def _lower(value: Any) -> str:
    """A value as text in lower case. Raises _Structured."""
    return value.lower() if value.__class__ is str else _said(value)


def _lenient(read: Callable[[Any], str]) -> Callable[[Any], str]:
    """What tells a list or a mapping from texts, instead of raising _Structured."""

    def said(value: Any) -> str:
        return _STRUCTURED if isinstance(value, list | dict) else read(value)

    return said


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


def _within(tests: Iterable[Predicate]) -> dict[tuple[str, bool], set[str]]:
    """Of each field, with regard to case and without, the texts that are looked for in it."""
    found: dict[tuple[str, bool], set[str]] = {}
    for test in tests:
        if test.op is Op.CONTAINS and _is_plain(test):
            found.setdefault((test.field, test.cased), set()).add(_asked(test))
    return {field: texts for field, texts in found.items() if len(texts) >= _MANY}
