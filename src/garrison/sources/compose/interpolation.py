"""A Compose file's nodes to values: variables filled in, tags that say how files are merged.

https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md and 13-merge.md
"""

from __future__ import annotations

from garrison.estate.values import Place, Source, State, Value, absent, known, unknown
from garrison.sources.documents import Reader, joined
from garrison.sources.nodes import Node
from garrison.sources.substitution import MAX_NESTING, BrokenReferenceError, Lookup, reference, resolve, size_of

# yaml.v3, with which Compose reads, takes YAML 1.2's words; `yes` and `on` are texts.
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
RESET, OVERRIDE = "!reset", "!override"
_MAX_EVALUATED = 5_000_000  # characters that the variables of one file may stand for, all told
# What every shell sets, and what it means to Compose.
_BY_SHELL = {"HOME": "~", "PWD": "."}


class Variables:
    """What may be filled in: the variables of `.env`, and what it costs."""

    def __init__(self, said: dict[str, Value] | None = None) -> None:
        self.said = {} if said is None else said
        self.evaluated = 0

    def lookup(self, name: str) -> Value:
        """What a variable is set to; absent where these files do not set it."""
        found = self.said.get(name)
        if found is None:
            return known(_BY_SHELL[name]) if name in _BY_SHELL else absent()
        self.evaluated += size_of(found)
        return unknown("too long to be evaluated", found.place) if self.evaluated > _MAX_EVALUATED else found


def interpolate(text: str, lookup: Lookup, place: Place | None, nesting: int = 0) -> Value:
    """A text with its variables filled in; `$$` is a dollar sign."""
    if nesting > MAX_NESTING:
        return unknown("references are nested too deeply", place)
    pieces: list[Value] = []
    at = 0
    try:
        while (dollar := text.find("$", at)) >= 0:
            if dollar > at:
                pieces.append(known(text[at:dollar], place))
            if text.startswith("$$", dollar):
                pieces.append(known("$", place))
                at = dollar + 2
                continue
            found = reference(text, dollar)
            if found is None:
                pieces.append(known("$", place))
                at = dollar + 1
                continue
            value = resolve(found, lookup, lambda word: interpolate(word, lookup, place, nesting + 1), place)
            pieces.append(_unset(found.name, place) if value.state is State.ABSENT else value)
            at = found.end
    except BrokenReferenceError as error:
        return unknown(str(error), place)
    if at < len(text):
        pieces.append(known(text[at:], place))
    return joined(pieces, place) if pieces else known("", place)


def _unset(name: str, place: Place | None) -> Value:
    return unknown(f"nothing here sets {name}", place, decided_by=name)


class Entry(Reader):
    """The values of one file."""

    __slots__ = ("_lookup",)

    def __init__(self, source: Source, variables: Variables) -> None:
        super().__init__(source, WORDS)
        self._lookup = variables.lookup

    def value(self, node: Node) -> Value:
        """What a node says; its reason is its tag where that says how it is merged."""
        value = super().value(node)
        if node.tag == RESET:
            return Value(State.ABSENT, None, value.place, RESET)
        if node.tag == OVERRIDE:
            return Value(value.state, value.content, value.place, OVERRIDE, value.ref, value.decided_by, value.rest)
        return value

    def scalar(self, content: str | bool | float, place: Place) -> Value:
        """A scalar with its variables filled in."""
        if type(content) is str and "$" in content:
            return interpolate(content, self._lookup, place)
        return known(content, place)
