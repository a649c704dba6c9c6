"""What an operation of an HTTP interface is for, by the words in `endpoints.toml`."""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+[0-9]*|[A-Z]+|[0-9]+")
_PARAMETER = re.compile(r"\{[^{}]*\}")
_RECORD = re.compile(r"^\{\w*(id|uuid)\}$", re.IGNORECASE)
_SENDS = frozenset({"POST", "PUT", "PATCH"})
_CHANGES = _SENDS | {"DELETE"}
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LONGEST = 2_000  # characters of a path, or of a text, that are looked at
Words = frozenset[str]


class Purpose(enum.StrEnum):
    """What an operation is for."""

    INFERENCE = "asks a model"
    MANAGEMENT = "changes which model answers, or trains one"
    FEEDBACK = "takes what a model learns from"
    HARMLESS = "says whether it is alive"
    SIGN_IN = "is how a caller signs in"
    DEBUG = "shows what a developer looks at"
    OTHER = "something else"


class _Inference(msgspec.Struct, frozen=True):
    verbs: Words
    nouns: Words
    weak: Words
    paths: Words
    after: Words


class _Management(msgspec.Struct, frozen=True):
    actions: Words
    subjects: Words
    training: tuple[str, ...]
    weak: Words
    collections: Words


class _Feedback(msgspec.Struct, frozen=True):
    phrases: tuple[str, ...]
    weak: Words


class _Harmless(msgspec.Struct, frozen=True):
    words: Words
    sign_in: Words
    sign_in_posts: str  # paths, as a regular expression
    paths: Words
    below: str


class _Debug(msgspec.Struct, frozen=True):
    words: Words
    paths: Words


class _About(msgspec.Struct, frozen=True):
    words: tuple[str, ...]


class _Names(msgspec.Struct, frozen=True):
    secret: Words
    personal: Words
    address: Words
    insides: Words


class _Vocabulary(msgspec.Struct, frozen=True):
    inference: _Inference
    management: _Management
    feedback: _Feedback
    harmless: _Harmless
    debug: _Debug
    about: _About
    names: _Names


@cache
def _vocabulary() -> _Vocabulary:
    return msgspec.convert(tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8")), _Vocabulary)


class Telling(enum.StrEnum):
    """What the name of a parameter or a field tells."""

    SECRET = "a secret"  # noqa: S105
    PERSONAL = "who somebody is"
    ADDRESS = "what is to be fetched"
    INSIDES = "the inside of a server"


def tells(name: str, what: Telling) -> bool:
    """Whether something called so is that; of `a.b[].cardNumber` the last name counts."""
    last = name.rpartition(".")[2][:_LONGEST]
    names: Words = getattr(_vocabulary().names, what.name.lower())
    return "_".join(w.lower() for w in _WORD.findall(last)) in names


def about_models(texts: Iterable[str]) -> bool:
    """Whether an interface is about models, by its title, description, tags and paths."""
    said = _vocabulary()
    for text in texts:
        words = _words(text[:_LONGEST])
        if _has(words, said.about.words) or (text.startswith("/") and not said.inference.verbs.isdisjoint(words)):
            return True
    return False


def purpose_of(method: str, path: str, *, about: bool) -> Purpose:
    """What an operation is for; `about` says whether its interface is about models.

    `method` is in capitals, `path` as the description has it, with parameters in braces.
    """
    path = path[:_LONGEST].partition("?")[0]
    said = _vocabulary()
    segments = [s for s in path.split("/") if s]
    literal = [words for s in segments if (words := _words(_PARAMETER.sub(" ", s)))]
    everything: Words = frozenset().union(*literal)
    last: Words = literal[-1] if literal else frozenset()
    if path in said.debug.paths or not said.debug.words.isdisjoint(everything):
        return Purpose.DEBUG
    known = path.startswith(said.harmless.below) or path in said.harmless.paths
    if method in _READS and (known or not said.harmless.words.isdisjoint(last)):
        return Purpose.HARMLESS
    if _manages(method, literal, everything, about=about):
        return Purpose.MANAGEMENT
    if method in _SENDS and (_has(last, said.feedback.phrases) or (about and not said.feedback.weak.isdisjoint(last))):
        return Purpose.FEEDBACK
    if _asks(method, path, segments, literal, about=about):
        return Purpose.INFERENCE
    signs_in = not said.harmless.sign_in.isdisjoint(last) or (
        method == "POST" and re.match(said.harmless.sign_in_posts, path)
    )
    return Purpose.SIGN_IN if signs_in else Purpose.OTHER


def _manages(method: str, literal: list[Words], everything: Words, *, about: bool) -> bool:
    if method not in _CHANGES or not literal:
        return False
    said = _vocabulary().management
    acts = not said.actions.isdisjoint(literal[-1]) and not said.subjects.isdisjoint(everything)
    trains = _has(everything, said.training) or (about and not said.weak.isdisjoint(literal[-1]))
    return acts or trains or (about and not said.collections.isdisjoint(literal[-1]) and len(literal[-1]) == 1)


def _asks(method: str, path: str, segments: list[str], literal: list[Words], *, about: bool) -> bool:
    said = _vocabulary().inference
    if not literal or method in ("DELETE", "HEAD", "OPTIONS"):
        return False
    if method == "GET":
        return not said.verbs.isdisjoint(literal[-1])
    while len(literal) > 1 and literal[-1] <= said.after:
        literal = literal[:-1]
    # The name of a model may stand last: /predictions/{name} of TorchServe, written out.
    near = literal[-1] if segments[-1].startswith("{") else literal[-1].union(*literal[-2:-1])
    if path in said.paths or not said.verbs.isdisjoint(near):
        return True
    given = not said.nouns.isdisjoint(near) or (about and not said.weak.isdisjoint(literal[-1]))
    return given and _RECORD.match(segments[-1]) is None


def _words(text: str) -> Words:
    return frozenset(w.lower() for w in _WORD.findall(text))


def _has(words: Words, phrases: Iterable[str]) -> bool:
    """Whether all words of one of the phrases are there."""
    return any(words.issuperset(phrase.split()) for phrase in phrases)
