"""What an expression can ask of a kind of asset, for people to read."""

from __future__ import annotations

import msgspec

from garrison.checks.cel.compiling import variable_of
from garrison.checks.cel.near import FACTS, near_words
from garrison.estate.assets import Asset
from garrison.estate.fields import fields_of, summary
from garrison.sources.mapping.coverage import natives


class Word(msgspec.Struct, frozen=True):
    """Something that can be asked."""

    name: str
    type: str
    meaning: str  # "" where the name says it all
    near: tuple[str, ...] = ()  # how what it names is reached: near.by.encrypts


class Vocabulary(msgspec.Struct, frozen=True):
    """All that can be asked of a kind."""

    kind: str
    summary: str
    called: str  # in an expression
    fields: tuple[Word, ...]


def vocabulary(kind: type[Asset]) -> Vocabulary:
    """The fields of a kind, and what single providers add to them."""
    own = [
        Word(f.name, f.words, f.meaning, tuple(near_words(stated) for stated in f.relations))
        for f in fields_of(kind).values()
    ]
    native = [
        Word(f"native.{name}", "value", f"of {', '.join(providers)} only") for name, providers in natives(kind).items()
    ]
    return Vocabulary(kind.__name__, summary(kind), variable_of(kind), (*own, *native))


def facts() -> tuple[Word, ...]:
    """What is derived about every asset."""
    return tuple(Word(f"near.facts.{name}", fact.type.words, fact.meaning) for name, fact in FACTS.items())
