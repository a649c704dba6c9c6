"""What names tell."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

import msgspec

from garrison.estate.facts import Content, Environment, Holds, Stage

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


class Words(msgspec.Struct, frozen=True):
    """The data file, by word."""

    contents: dict[Content, dict[str, float]]
    environments: dict[Environment, list[str]]
    stages: dict[Stage, list[str]]


@cache
def vocabulary() -> Words:
    """The words that Garrison knows."""
    text = Path(__file__).with_name("words.toml").read_text("utf8")
    return msgspec.convert(tomllib.loads(text), Words)


@cache
def _by_word() -> dict[str, list[tuple[frozenset[str], Content, float]]]:
    """The first word of a phrase -> the phrase, what it tells, how sure."""
    found: dict[str, list[tuple[frozenset[str], Content, float]]] = {}
    for content, phrases in vocabulary().contents.items():
        for phrase, confidence in phrases.items():
            words = phrase.split()
            found.setdefault(words[0], []).append((frozenset(words), content, confidence))
    return found


@lru_cache(maxsize=4096)
def split(text: str) -> frozenset[str]:
    """The lower-case words of a name: `fraudTraining-data_v2` is fraud, training, data, v, 2."""
    return frozenset(w.lower() for w in _WORD.findall(text))


def contents(text: str, where: str) -> dict[Content, Holds]:
    """What a text says is held; `where` says whose text it is ("its name")."""
    words = split(text)
    found: dict[Content, Holds] = {}
    for word in sorted(words & _by_word().keys()):
        for phrase, content, confidence in _by_word()[word]:
            if phrase <= words and (content not in found or found[content].confidence < confidence):
                found[content] = Holds(content, confidence, f'{where} says "{text}"')
    return found


@lru_cache(maxsize=4096)
def environment(text: str) -> Environment | None:
    """The environment a text names, if any; production wins."""
    words = split(text)
    return next((e for e, names in vocabulary().environments.items() if not words.isdisjoint(names)), None)


@lru_cache(maxsize=4096)
def stage(text: str) -> Stage | None:
    """The stage of a model's life a text names, if any; the first in the order of that life wins."""
    words = split(text)
    return next((s for s, names in vocabulary().stages.items() if not words.isdisjoint(names)), None)
