"""Which rules fit an event: one field, the one that most rules name, leads to the few that can; those are one function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Generic

from garrison.watch.rules.code import Judge, T, compiled, many_texts
from garrison.watch.rules.narrow import elsewhere, predicates_of, simplified, where
from garrison.watch.rules.term import Op, Record, Term


class Matcher(Generic[T]):
    """Terms, each with what it tells, made ready for many events. Functions are made when an event first needs them."""

    def __init__(self, terms: Sequence[tuple[T, Term]]) -> None:
        self._terms = [(told, simplified(term, lambda test: test)) for told, term in terms]
        self._texts = many_texts(term for _, term in self._terms)
        asked = [[t for t in predicates_of(term) if t.op is Op.EQUALS and not t.cased] for _, term in self._terms]
        named = Counter(field for tests in asked for field in {t.field for t in tests})
        self.field = min(named, key=lambda field: (-named[field], field)) if named else ""
        texts = {t.value.lower() for tests in asked for t in tests if t.field == self.field}
        self._judges: dict[str, Judge[T] | None] = dict.fromkeys(texts)
        self._others: Judge[T] | None = None  # where the field says what no rule asks for
        self._any: Judge[T] | None = None  # where it says no text, or there is no such field

    def match(self, record: Record) -> list[T]:
        """What the terms tell that a record holds, in their order."""
        said = record.get(self.field)
        if said.__class__ is not str:
            if self._any is None:
                self._any = self._compiled(lambda term: term)
            return self._any(record)
        said = said.lower()
        judge = self._judges.get(said)
        return judge(record) if judge is not None else self._prepared(said)(record)

    def make_ready(self) -> None:
        """Make now, of the functions, the one that holds all tests."""
        self._any = self._compiled(lambda term: term)

    def _prepared(self, said: str) -> Judge[T]:
        if said in self._judges:
            made = self._judges[said] = self._compiled(lambda term: where(term, self.field, said))
            return made
        if self._others is None:
            self._others = self._compiled(lambda term: elsewhere(term, self.field))
        return self._others

    def _compiled(self, left: Callable[[Term], Term]) -> Judge[T]:
        return compiled([(told, left(term)) for told, term in self._terms], self._texts)
