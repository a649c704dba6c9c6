"""Which rules fit an event: one field, the one that most rules name, leads to the few that can; those are one function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from garrison.watch.rules.code import Judge, compiled
from garrison.watch.rules.narrow import elsewhere, predicates_of, simplified, where
from garrison.watch.rules.term import Op, Record, Term


class Matcher:
    """Terms, by their numbers, made ready for many events. Functions are made when an event first needs them."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = [simplified(term, lambda test: test) for term in terms]
        asked = [[t for t in predicates_of(term) if t.op is Op.EQUALS and not t.cased] for term in self.terms]
        named = Counter(field for tests in asked for field in {t.field for t in tests})
        self.field = min(named, key=lambda field: (-named[field], field)) if named else ""
        texts = {t.value.lower() for tests in asked for t in tests if t.field == self.field}
        self._judges: dict[str, Judge | None] = dict.fromkeys(texts)
        self._others: Judge | None = None  # where the field says what no rule asks for
        self._any: Judge | None = None  # where it says no text, or there is no such field

    def match(self, record: Record) -> Sequence[int]:
        """The numbers of the terms that a record holds, in their order."""
        said = record.get(self.field)
        if said.__class__ is not str:
            if self._any is None:
                self._any = compiled(list(enumerate(self.terms)))
            return self._any(record)
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
