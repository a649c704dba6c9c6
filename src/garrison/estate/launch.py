"""How a program is started: its options and its environment, as values with their places.

A shell script in an argument counts as the words in it: `["sh", "-c", "vllm serve m --api-key $KEY"]`.
"""

from __future__ import annotations

import re

from garrison.estate.values import Body, Place, State, Value, known, unknown

_BUNDLE = re.compile(r"(?i)args|opts|options|flags|params|extra|[@*]")  # what is called so is several words
_WORDS = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+|["']""")


def words_of(*lists: Value) -> tuple[Value, ...]:
    """Every word of a command line, in order; an unknown for what cannot be read."""
    found: list[Value] = []
    for said in lists:
        if said.state is State.UNKNOWN:
            found.append(said)
        for item in said.items():
            found += _words(item)
        if said.rest is not None:
            found.append(said.rest)
    return tuple(found)


def option(words: tuple[Value, ...], names: tuple[str, ...], place: Place | None) -> Value:
    """What is said after one of these options: "" for one without a value, absent where it is not there.

    `-` and `_` inside a name are the same, as argparse-based servers take them.
    """
    wanted = frozenset(_plain(n) for n in names)
    opaque: Value | None = None
    for number, word in enumerate(words):
        text = word.content if word.state is State.KNOWN else _head(word)
        if not isinstance(text, str):
            opaque = word if opaque is None and _may_hide(words, number) else opaque
            continue
        name, equals, value = text.partition("=")
        if _plain(name) not in wanted:
            continue
        if word.state is State.UNKNOWN:
            return word
        if equals:
            return known(_unquoted(value), word.place)
        return _following(words, number)
    if opaque is not None:
        return unknown("part of the command line is decided later", opaque.place or place, decided_by=opaque.decided_by)
    return Value(State.ABSENT, None, place, f"{names[0]} is not said")


def variable(environment: Value, sources: Value, names: tuple[str, ...], place: Place | None) -> Value:
    """What an environment variable is set to; absent where nothing sets it.

    One taken from a Secret or a ConfigMap is given but unknown. `sources` give variables that are not named here.
    """
    found: Value | None = None
    if isinstance(environment.content, Body) and environment.state is State.KNOWN:
        for name in names:
            if (said := environment.child(name)).state is not State.ABSENT:
                return text_of(said)
    for item in environment.items():
        if isinstance(item.content, Body) and _first(item, "name", "Name").text() in names:
            found = _set_to(item)
    if found is not None:
        return found
    if environment.state is State.UNKNOWN or environment.rest is not None:
        hidden = environment if environment.rest is None else environment.rest
        return unknown("part of the environment is decided later", hidden.place, decided_by=hidden.decided_by)
    if sources.state is State.UNKNOWN or sources.items():
        return unknown("it may be set by what the environment is taken from", sources.place or place)
    return Value(State.ABSENT, None, environment.place or place, f"{names[0]} is not set")


def set_variables(environment: Value) -> tuple[tuple[Value, Value], ...]:
    """Name and literal value of every variable that is set here."""
    if environment.state is State.KNOWN and isinstance(environment.content, Body):
        return tuple((known(n, v.place), text_of(v)) for n, v in environment.content.items())
    bodies = [i for i in environment.items() if isinstance(i.content, Body)]
    return tuple((_first(i, "name", "Name"), text_of(_first(i, "value", "Value"))) for i in bodies)


def _words(item: Value) -> list[Value]:
    text = item.content
    if item.state is not State.KNOWN or not isinstance(text, str):
        return [item] if item.state is State.UNKNOWN else [text_of(item)]
    if not any(c.isspace() for c in text):
        return [item]
    return [known(_unquoted(w), item.place) for w in _WORDS.findall(text) if w != "\\"]


def _following(words: tuple[Value, ...], number: int) -> Value:
    """The word after an option, if it is its value."""
    if number + 1 < len(words):
        after = words[number + 1]
        if after.state is not State.KNOWN or not after.text().startswith("-"):
            return known(_unquoted(after.text()), after.place) if after.state is State.KNOWN else after
    return known("", words[number].place)


def _may_hide(words: tuple[Value, ...], number: int) -> bool:
    """Whether a word that is not known may be options of its own: not where it is the value of the one before it."""
    before = words[number - 1].text() if number else ""
    return not before.startswith("-") or "=" in before or _BUNDLE.search(words[number].decided_by) is not None


def _head(word: Value) -> str | None:
    """The known beginning of an unknown text."""
    if isinstance(word.content, tuple) and word.content and word.content[0].state is State.KNOWN:
        return str(word.content[0].content)
    return None


def _set_to(item: Value) -> Value:
    value = _first(item, "value", "Value")
    if value.state is not State.ABSENT:
        return text_of(value)
    taken = _first(item, "valueFrom", "ValueFrom", "value_from", "value_source")
    if taken.state is State.ABSENT:
        return known("", item.place)
    hidden = unknown("it is taken from elsewhere", taken.place)
    return unknown("it is taken from elsewhere", taken.place, (hidden,))


def _first(item: Value, *names: str) -> Value:
    first = item.child(names[0])
    if first.state is not State.ABSENT:
        return first
    return next((s for s in map(item.child, names[1:]) if s.state is not State.ABSENT), first)


def text_of(value: Value) -> Value:
    """A scalar as the program will see it: text."""
    if value.state is not State.KNOWN or isinstance(value.content, str | tuple | Body):
        return value
    content = str(value.content)
    return known(content.lower() if isinstance(value.content, bool) else content, value.place)


def _plain(name: str) -> str:
    return "-" * (len(name) - len(name.lstrip("-"))) + name.lstrip("-").replace("_", "-")


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text.strip("\"'")
