"""Which rules fit an event: one field, the one that most rules name, leads to the few that can; those are one function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from garrison.watch.rules.code import Judge, compiled
from garrison.watch.rules.narrow import elsewhere, predicates_of, required, simplified, where
from garrison.watch.rules.term import Op, Record, Term, holds


class Matcher:
    """Terms, by their numbers, made ready for many events. Functions are made when an event first needs them."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = [simplified(term, lambda test: test) for term in terms]
        needs = [required(term) for term in self.terms]
        named = Counter(field for need in needs for field in need)
        self.field = min(named, key=lambda field: (-named[field], field)) if named else ""
        tests = (t for term in self.terms for t in predicates_of(term))
        texts = {t.value.lower() for t in tests if t.field == self.field and t.op is Op.EQUALS and not t.cased}
        self._judges: dict[str, Judge | None] = dict.fromkeys(texts)
        self._others: Judge | None = None

    def match(self, record: Record) -> Sequence[int]:
        """The numbers of the terms that a record holds, in their order."""
        said = record.get(self.field)
        if said.__class__ is not str:
            return [number for number, term in enumerate(self.terms) if holds(term, record)]
        said = said.lower()
        judge = self._judges.get(said)
        return judge(record) if judge is not None else self._prepared(said)(record)

    def _prepared(self, said: str) -> Judge:
        if said in self._judges:
            made = self._judges[said] = compiled([(n, where(t, self.field, said)) for n, t in enumerate(self.terms)])
            return made
        if self._others is None:
            self._others = compiled([(n, elsewhere(t, self.field)) for n, t in enumerate(self.terms)])
        return self._others
