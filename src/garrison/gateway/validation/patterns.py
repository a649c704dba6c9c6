"""Patterns (ECMA-262 regular expressions, as JSON Schema has them) as automata over the bytes of UTF-8.

An automaton reads each byte once, so no pattern makes a body slow. What no automaton can do (look around, refer back,
word boundaries) is refused by name and place; so is what would make one too large. Grammar: ECMA-262 22.2.1 with the `u`
flag, which JSON Schema 2020-12 core 6.4 recommends.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Iterable, Iterator

import msgspec

Ranges = tuple[tuple[int, int], ...]  # code points, both ends included, ascending

MAX_MOVES = 100_000  # two bytes each
MAX_REPEAT = 1_000
_MAX_NODES = 50_000  # of the automaton with choices, before it is made deterministic
_LAST, _LAST_OF_FOUR = 0x10FFFF, 0x13FFFF  # the last character, and the last that four bytes from F4 on could spell
_LENGTHS = ((1, 0, 0x7F), (2, 0x80, 0x7FF), (3, 0x800, 0xFFFF), (4, 0x10000, _LAST))  # of UTF-8 in bytes, and for what
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)  # surrogates: no characters of their own
_SYNTAX = frozenset("^$\\.*+?()[]{}|/")
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_LINE_ENDS: Ranges = ((10, 10), (13, 13), (0x2028, 0x2029))
_SPACES: Ranges = (  # WhiteSpace and LineTerminator of ECMA-262
    *((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
# UnicodeData's general categories, short and long; sc=, scx= and binary properties are not known.
_CATEGORIES = (
    "LC=Cased_Letter L=Letter Lu=Uppercase_Letter Ll=Lowercase_Letter Lt=Titlecase_Letter Lm=Modifier_Letter Lo=Other_Letter"
    " M=Mark Mn=Nonspacing_Mark Mc=Spacing_Mark Me=Enclosing_Mark N=Number Nd=Decimal_Number Nl=Letter_Number No=Other_Number"
    " P=Punctuation Pc=Connector_Punctuation Pd=Dash_Punctuation Ps=Open_Punctuation Pe=Close_Punctuation"
    " Pi=Initial_Punctuation Pf=Final_Punctuation Po=Other_Punctuation S=Symbol Sm=Math_Symbol Sc=Currency_Symbol"
    " Sk=Modifier_Symbol So=Other_Symbol Z=Separator Zs=Space_Separator Zl=Line_Separator Zp=Paragraph_Separator"
    " C=Other Cc=Control Cf=Format Cs=Surrogate Co=Private_Use Cn=Unassigned"
)
_CLASSES: dict[str, Ranges] = {"d": ((48, 57),), "w": ((48, 57), (65, 90), (95, 95), (97, 122)), "s": _SPACES}


class PatternError(ValueError):
    """A pattern that cannot be compiled: why, and at which character, from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message, self.at = message, at


class Automaton(msgspec.Struct, frozen=True):
    """`moves[state][kind[byte]]` is the next state. State 0 refuses whatever follows, state 1 accepts whatever follows."""

    kind: bytes  # one of 256 for each byte
    moves: tuple[tuple[int, ...], ...]
    accept: tuple[bool, ...]
    start: int

    def matches(self, text: str) -> bool:
        """Whether the pattern is found in a text."""
        state = self.start
        for byte in text.encode():
            state = self.moves[state][self.kind[byte]]
        return self.accept[state]


@functools.lru_cache(maxsize=1_000)
def automaton(pattern: str) -> Automaton:
    """Compile a pattern. Raises PatternError for one that is wrong, outside the subset or too large."""
    graph = _Graph()
    first, last = graph.node(), graph.node()
    _Parser(pattern, graph).all(first, last)
    return _deterministic(graph, first, last)


class _Graph:
    """The automaton with choices: from each node, steps by a range of bytes and steps that read nothing."""

    def __init__(self) -> None:
        self.steps: list[list[tuple[int, int, int]]] = []  # first byte, last byte, node
        self.free: list[list[tuple[str, int]]] = []  # "" always, "^" at the beginning, "$" at the end; node

    def node(self) -> int:
        if len(self.steps) >= _MAX_NODES:
            raise PatternError("the pattern is too large; shorten its repetitions", 0)
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def read(self, ranges: Ranges, start: int, end: int) -> None:
        """From start to end by one character of the ranges, as its bytes. Endings that are alike are shared."""
        shared: dict[tuple[tuple[int, int], ...], int] = {(): end}
        for sequence in (s for low, high in ranges for s in _byte_ranges(low, high)):
            for n in range(len(sequence) - 1, 0, -1):
                rest = tuple(sequence[n:])
                if rest not in shared:
                    shared[rest] = self.node()
                    self.steps[shared[rest]].append((*rest[0], shared[rest[1:]]))
            self.steps[start].append((*sequence[0], shared[tuple(sequence[1:])]))


_Bytes = list[tuple[int, int]]  # a range for each byte of a character


def _byte_ranges(low: int, high: int) -> Iterator[_Bytes]:
    """The code points from low to high as sequences of ranges of bytes.

    What is not UTF-8 never comes, surrogates among it: it is let in where a range is whole with it, which makes for
    fewer states.
    """
    for length, first, last in _LENGTHS:
        if low <= last and high >= first:
            begin = 0 if low <= first and length > 2 else max(low, first)  # noqa: PLR2004  # E0 and F0 like the others
            yield from _split(length, begin, _LAST_OF_FOUR if high >= _LAST and last == _LAST else min(high, last))


def _split(length: int, low: int, high: int) -> Iterator[_Bytes]:
    """Ranges of one length in parts in which every byte varies by itself."""
    for bits in range(6, 6 * length, 6):
        rest = (1 << bits) - 1
        cut = low | rest if low & rest else (high & ~rest) - 1 if high & rest != rest else None
        if low & ~rest != high & ~rest and cut is not None:
            yield from _split(length, low, cut)
            yield from _split(length, cut + 1, high)
            return
    yield list(zip(_encoded(length, low), _encoded(length, high), strict=True))


def _encoded(length: int, code: int) -> list[int]:
    """A code point as so many bytes, whether or not UTF-8 has it so."""
    if length == 1:
        return [code]
    lead = 0xFF00 >> length & 0xFF | code >> 6 * (length - 1)
    return [lead, *(0x80 | code >> 6 * n & 0x3F for n in range(length - 2, -1, -1))]


def _union(ranges: list[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def _others(ranges: Ranges) -> Ranges:
    edges = [-1, *(edge for pair in _union(list(ranges)) for edge in pair), _LAST + 1]
    return tuple((a + 1, b - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if a + 1 <= b - 1)


class _Parser:
    """Reads a pattern into a graph; every method goes from one node to another."""

    def __init__(self, pattern: str, graph: _Graph) -> None:
        self.text, self.graph, self.at, self.depth = pattern, graph, 0, 0

    def all(self, start: int, end: int) -> None:
        self._choices(start, end)
        if self.at < len(self.text):
            raise self._wrong("this ) closes nothing; write \\) for the character")

    def _wrong(self, message: str) -> PatternError:
        return PatternError(message, self.at)

    def _peek(self, n: int = 1) -> str:
        return self.text[self.at : self.at + n]

    def _took(self, text: str) -> bool:
        found = self.text.startswith(text, self.at)
        self.at += len(text) if found else 0
        return found

    def _choices(self, start: int, end: int) -> None:
        self.depth += 1
        if self.depth > 50:  # noqa: PLR2004  # groups in groups
            raise self._wrong("the pattern is nested too deeply")
        while True:
            at = start
            while self._peek() not in ("", "|", ")"):
                at = self._term(at)
            self.graph.free[at].append(("", end))
            if not self._took("|"):
                break
        self.depth -= 1

    def _term(self, start: int) -> int:
        """One atom and how often it may come; answers the node behind it."""
        begin, graph, free = self.at, self.graph, self.graph.free
        first, end = graph.node(), graph.node()
        if self._peek() in ("^", "$"):
            free[start].append((self._peek(), end))
            self.at += 1
            return end
        self._atom(first, end)
        least, most = self._times()
        if (least, most) == (1, 1):
            free[start].append(("", first))
            return end
        # Each copy is read again into nodes of its own, so that no loop leads back into what stands before.
        behind, at, end = self.at, graph.node(), graph.node()
        free[start].append(("", at))
        for n in range(least + 1 if most is None else most):
            if n >= least:
                free[at].append(("", end))
            to = graph.node()
            self.at = begin
            self._atom(at, to)
            if most is None and n >= least:
                free[to].append(("", at))
            at = to
        free[at].append(("", end))
        self.at = behind
        return end

    def _times(self) -> tuple[int, int | None]:
        """How often the atom before comes, at least and at most."""
        found: tuple[int, int | None] = (1, 1)
        if self._took("*"):
            found = (0, None)
        elif self._took("+"):
            found = (1, None)
        elif self._took("?"):
            found = (0, 1)
        elif self._took("{"):
            least, comma, most = self._until("}", "the braces are not closed; write \\{ for the character").partition(
                ","
            )
            if not _whole(least) or not (_whole(most) or most == ""):
                raise self._wrong("expected {n}, {n,} or {n,m}; write \\{ for the character")
            found = (int(least), int(most) if most else None if comma else int(least))
            if max(found[0], found[1] or 0) > MAX_REPEAT:
                raise self._wrong(f"it repeats more than {MAX_REPEAT:,} times; use maxLength")
            if found[1] is not None and found[1] < found[0]:
                raise self._wrong("its repetitions are out of order")
        else:
            return found
        self._took("?")  # what is tried first does not change whether there is a match
        if self._peek() in ("*", "+", "?", "{") and self._peek():
            raise self._wrong("nothing to repeat")
        return found

    def _until(self, closing: str, otherwise: str) -> str:
        end = self.text.find(closing, self.at)
        if end < 0:
            raise self._wrong(otherwise)
        inside, self.at = self.text[self.at : end], end + 1
        return inside

    def _atom(self, start: int, end: int) -> None:
        char = self._peek()
        if char == "(":
            self._group(start, end)
        elif char in ("*", "+", "?"):
            raise self._wrong("nothing to repeat")
        elif char in ("{", "}", "]"):
            raise self._wrong(f"write \\{char} for the character")
        else:
            self.at += 1
            if char == ".":
                self.graph.read(_others(_LINE_ENDS), start, end)
            elif char == "[":
                self.graph.read(self._class(), start, end)
            elif char == "\\":
                self.graph.read(self._escape(), start, end)
            else:
                self.graph.read(((ord(char), ord(char)),), start, end)

    def _group(self, start: int, end: int) -> None:
        for opening, what in (
            ("(?=", "a lookahead"),
            ("(?!", "a lookahead"),
            ("(?<=", "a lookbehind"),
            ("(?<!", "a lookbehind"),
        ):
            if self._peek(len(opening)) == opening:
                raise self._wrong(f"{what} is not supported; write what may come instead, or use allOf, anyOf, not")
        self.at += 1
        if self._took("?<"):
            self._until(">", "the name of the group is not closed")
        elif self._took("?") and not self._took(":"):
            raise self._wrong("flags inside a pattern are not supported")
        self._choices(start, end)
        if not self._took(")"):
            raise self._wrong("the group is not closed; write \\( for the character")

    def _class(self) -> Ranges:
        negated = self._took("^")
        found: list[tuple[int, int]] = []
        while not self._took("]"):
            if not self._peek():
                raise self._wrong("the class is not closed; write \\[ for the character")
            low = self._member()
            if self._peek() == "-" and self._peek(2) != "-]":
                self.at += 1
                high = self._member()
                if _several(low) or _several(high):
                    raise self._wrong("a class like \\d is no end of a range")
                if high[0][0] < low[0][0]:
                    raise self._wrong("the range is out of order")
                low = ((low[0][0], high[0][0]),)
            found.extend(low)
        return _others(tuple(found)) if negated else _union(found)

    def _member(self) -> Ranges:
        char = self._peek()
        if not char:
            raise self._wrong("the class is not closed; write \\[ for the character")
        self.at += 1
        if char != "\\":
            return ((ord(char), ord(char)),)
        if self._took("b"):
            return ((8, 8),)
        if self._took("-"):
            return ((45, 45),)
        return self._escape()

    def _escape(self) -> Ranges:
        """What a backslash, already read, begins."""
        char = self._peek()
        if char.lower() in _CLASSES:
            self.at += 1
            return _CLASSES[char] if char in _CLASSES else _others(_CLASSES[char.lower()])
        if char in ("b", "B"):
            raise self._wrong("a word boundary is not supported; write the characters that may stand around")
        if char in ("p", "P") and self._peek(2)[1:] == "{":
            self.at += 2
            begin = self.at
            ranges = _category(self._until("}", "the braces are not closed"))
            if not ranges:
                self.at = begin
                raise self._wrong(
                    "only general categories of Unicode are supported, as in \\p{L} or \\p{Letter}; write the ranges"
                )
            return ranges if char == "p" else _others(ranges)
        if (char.isdigit() and char != "0") or char == "k":
            raise self._wrong("a reference to a group is not supported; write the group again")
        self.at += 1
        if char in _SYNTAX and char:
            code = ord(char)
        elif char in _CONTROLS and char:
            if char == "0" and self._peek().isdigit():
                raise self._wrong("octal escapes are not ECMA's; write \\u and four digits")
            code = _CONTROLS[char]
        elif char == "c" and self._peek().isascii() and self._peek().isalpha():
            code = ord(self._peek()) % 32
            self.at += 1
        elif char in ("x", "u"):
            code = self._hexadecimal(2 if char == "x" else 4)
        else:
            self.at -= 1
            raise self._wrong(f"\\{char} is no escape of ECMA-262")
        return ((code, code),)

    def _hexadecimal(self, digits: int) -> int:
        braces = digits == 4 and self._took("{")  # noqa: PLR2004  # \u{1F600}
        said = self._until("}", "the braces are not closed") if braces else self._peek(digits)
        if not said or not all(c in "0123456789abcdefABCDEF" for c in said) or (not braces and len(said) < digits):
            raise self._wrong("expected hexadecimal digits")
        self.at += 0 if braces else digits
        code = int(said, 16)
        if code in _HIGH and self._took("\\u"):
            low = self._hexadecimal(4)
            if low not in _LOW:
                raise self._wrong("expected the other half of a surrogate pair")
            return 0x10000 + (code - _HIGH.start) * 1024 + (low - _LOW.start)
        if code > _LAST:
            raise self._wrong("there is no such character")
        return code


@functools.lru_cache(maxsize=64)
def _category(name: str) -> Ranges:
    """The characters of a general category by its short or long name, of the Unicode that Python knows; none if unknown."""
    short = {long: short for names in _CATEGORIES.split() for short, _, long in [names.partition("=")]}.get(name, name)
    if short not in ("L", "M", "N", "P", "S", "Z", "C") and len(short) != 2:  # noqa: PLR2004  # as in Lu
        return ()
    wanted = ("Lu", "Ll", "Lt") if short == "LC" else (short,)
    return _union([(first, last) for first, last, category in _runs() if category.startswith(wanted)])


@functools.cache
def _runs() -> list[tuple[int, int, str]]:
    """Code points that follow each other and are of one general category."""
    found, first = [], 0
    for category, run in itertools.groupby(map(unicodedata.category, map(chr, range(_LAST + 1)))):
        last = first + sum(1 for _ in run) - 1
        found.append((first, last, category))
        first = last + 1
    return found


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6  # noqa: PLR2004  # larger than any repetition


def _several(ranges: Ranges) -> bool:
    return len(ranges) != 1 or ranges[0][0] != ranges[0][1]


def _deterministic(graph: _Graph, first: int, last: int) -> Automaton:
    """The automaton without choices: its states are sets of nodes that can still lead to a match."""
    anywhere = graph.node()  # a match may begin at any character
    graph.free[anywhere].append(("", first))
    graph.steps[anywhere].append((0, 255, anywhere))
    hopeful = _leading_to(graph, last)
    kind, moves_of = _by_kind(graph)
    kinds = max(kind) + 1
    states = {frozenset[int](): 0, frozenset({last}): 1}
    moves: list[tuple[int, ...]] = [(0,) * kinds, (1,) * kinds]
    accept = [False, True]
    todo: list[frozenset[int]] = []

    def number(state: frozenset[int], signs: str) -> int:
        if last in state:
            return 1
        if state not in states:
            if len(states) * kinds >= MAX_MOVES:
                raise PatternError("the automaton of the pattern is too large; use maxLength for length", 0)
            states[state] = len(states)
            todo.append(state)
            accept.append(last in _closed(graph, state, signs))
        return states[state]

    @functools.cache
    def after(target: frozenset[int]) -> int:
        return number(_closed(graph, target, "") & hopeful, "$")

    start = number(_closed(graph, {anywhere}, "^"), "^$")
    for state in todo:  # grows meanwhile
        targets: list[set[int]] = [set() for _ in range(kinds)]
        for node in state:
            for which, to in moves_of[node]:
                targets[which].add(to)
        moves.append(tuple(after(frozenset(target)) for target in targets))
    return Automaton(kind, tuple(moves), tuple(accept), start)


def _closed(graph: _Graph, nodes: Iterable[int], signs: str) -> frozenset[int]:
    """The nodes, and those that they lead to where nothing is read."""
    todo = list(nodes)
    found = set(todo)
    while todo:
        for sign, to in graph.free[todo.pop()]:
            if sign in signs and to not in found:
                found.add(to)
                todo.append(to)
    return frozenset(found)


def _leading_to(graph: _Graph, last: int) -> frozenset[int]:
    """The nodes from which a match can be reached after the first character, where ^ no longer holds."""
    before: list[list[int]] = [[] for _ in graph.steps]
    for node, steps in enumerate(graph.steps):
        for _, _, to in steps:
            before[to].append(node)
        for sign, to in graph.free[node]:
            if sign != "^":
                before[to].append(node)
    found, todo = {last}, [last]
    while todo:
        for node in before[todo.pop()]:
            if node not in found:
                found.add(node)
                todo.append(node)
    return frozenset(found)


def _by_kind(graph: _Graph) -> tuple[bytes, list[list[tuple[int, int]]]]:
    """Bytes that no step tells apart are of one kind; the steps of each node by kind."""
    edges = {0, *(edge for steps in graph.steps for low, high, _ in steps for edge in (low, high + 1))}
    kind = bytearray(256)
    for n, low in enumerate(sorted(edges - {256})):
        kind[low:] = bytes([n]) * (256 - low)
    moves = [
        [(which, to) for low, high, to in steps for which in range(kind[low], kind[high] + 1)] for steps in graph.steps
    ]
    return bytes(kind), moves
