"""What is left of a term where something is known: whole branches fall away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from garrison.watch.rules.term import TEXTUAL, Any_, Not, Op, Predicate, Term, of_text


def simplified(term: Term, decide: Callable[[Predicate], Term]) -> Term:
    """A term in which `decide` has the say on each test: what it is, or True or False."""
    if isinstance(term, Predicate):
        return decide(term)
    if isinstance(term, Not):
        inner = simplified(term.term, decide)
        return (not inner) if isinstance(inner, bool) else inner.term if isinstance(inner, Not) else Not(inner)
    if isinstance(term, bool):
        return term
    ends = isinstance(term, Any_)  # what decides the whole: True for any, False for all
    found: list[Term] = []
    for part in term.terms:
        left = simplified(part, decide)
        if isinstance(left, bool):
            if left is ends:
                return ends
        elif isinstance(left, type(term)):
            found += left.terms
        else:
            found.append(left)
    if len(found) < 2:  # noqa: PLR2004 - one needs no joining
        return found[0] if found else not ends
    return type(term)(tuple(dict.fromkeys(found)))


def where(term: Term, field: str, said: str) -> Term:
    """What is left where a field is one text, in lower case; tests in which case counts stay."""

    def decide(test: Predicate) -> Term:
        if test.field != field:
            return test
        if test.op in TEXTUAL and not test.cased:
            return of_text(test, said)
        if test.op in (Op.EXISTS, Op.PRESENT):
            return True
        return False if test.op is Op.ABSENT else test

    return simplified(term, decide)


def elsewhere(term: Term, field: str) -> Term:
    """What is left where a field equals none of the texts that any rule asks of it."""
    return simplified(term, lambda t: False if t.field == field and t.op is Op.EQUALS and not t.cased else t)


def predicates_of(term: Term) -> Iterator[Predicate]:
    """Every test in a term."""
    if isinstance(term, Predicate):
        yield term
    elif isinstance(term, Not):
        yield from predicates_of(term.term)
    elif not isinstance(term, bool):
        for part in term.terms:
            yield from predicates_of(part)
