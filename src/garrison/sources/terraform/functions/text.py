"""Functions of text. Where only parts of a text are known, the result keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from garrison.estate.values import State, Value, known, unknown
from garrison.sources.terraform.conversion import as_number, as_text, sequence, text_value
from garrison.sources.terraform.evaluation import MAX_TEXT, Failed, undecided
from garrison.sources.terraform.functions.calling import Call, Function, Refused, TooMuch, listed, of_data, of_values
from garrison.sources.terraform.templates import limited, text_of_parts

_VERB = re.compile(r"%(?:\[(\d{1,3})\])?([-+# 0]*)(\d{1,4})?(?:\.(\d{1,3}))?(?:\[(\d{1,3})\])?([a-zA-Z%])")
_SPACE = " \t\n\v\f\r\x85\xa0"


def text(data: Any) -> str:
    """The text of plain data. Raises Refused."""
    found = as_text(data)
    if found is None:
        raise Refused("needs a text")
    return found


def integer(data: Any) -> int:
    """The whole number of plain data. Raises Refused."""
    found = as_number(data)
    if not isinstance(found, int):
        raise Refused("needs a whole number")
    return found


def _by_parts(function: Callable[[str], str]) -> Function:
    """A function that may be applied to each part of a text by itself."""

    def run(call: Call, value: Value) -> Value:
        value = text_value(value, call.place)
        if value.state is State.KNOWN:
            return limited(function(value.content), call.place)
        if not isinstance(value.content, tuple):
            return undecided(value, call.place)
        parts = [known(function(p.content), p.place) if p.state is State.KNOWN else undecided(p) for p in value.content]
        return text_of_parts(parts, call.place)

    return of_values(run, 1)


def _join(call: Call, *values: Value) -> Value:
    separator, lists = text_value(values[0]), values[1:]
    if separator.state is not State.KNOWN:
        return undecided(separator, call.place)
    parts: list[Value] = []
    for value in lists:
        items = listed(value)
        if items is None:
            only = len(lists) == 1 and type(value) is Value and value.content is None
            return value if only and value.state is State.UNKNOWN else undecided(value, call.place)
        if value.rest is not None:
            return value.rest if not items else undecided(value.rest, call.place)
        for item in items:
            if parts:
                parts.append(separator)
            parts.append(text_value(item, call.place))
    return text_of(parts, call)


def text_of(parts: list[Value], call: Call) -> Value:
    """Parts as one text."""
    if len(parts) == 1:
        return parts[0]
    if all(p.state is State.KNOWN for p in parts):
        return limited("".join([p.content for p in parts]), call.place)
    return text_of_parts(parts, call.place)


def _format(call: Call, *values: Value) -> Value:
    pattern = text_value(values[0])
    if pattern.state is not State.KNOWN:
        return undecided(pattern, call.place)
    parts: list[Value] = []
    at, used = 0, 0
    for match in _VERB.finditer(pattern.content):
        parts.append(known(pattern.content[at : match.start()], call.place))
        at = match.end()
        if match[6] == "%":
            parts.append(known("%", call.place))
            continue
        number = int(match[1] or match[5] or used + 1)
        used = number
        if not 0 < number < len(values):
            return call.failed("there are not as many arguments as it needs")
        try:
            parts.append(_formatted(match, values[number], call))
        except (Refused, TypeError, ValueError, OverflowError):
            return call.failed("an argument is not of the type its verb needs")
    parts.append(known(pattern.content[at:], call.place))
    if "%" in _VERB.sub("", pattern.content):
        return unknown(f"{call.name}() is not evaluated with this pattern", call.place)
    said = [p for p in parts if p.state is not State.KNOWN or p.content]
    return text_of(said or [known("", call.place)], call)


def _formatted(match: re.Match[str], value: Value, call: Call) -> Value:
    flags, width, precision, verb = match[2], match[3], match[4], match[6]
    if value.state is State.UNKNOWN:
        return value
    if verb in "sv" and not flags and width is None and precision is None:
        if value.state is State.ABSENT and verb == "v":
            return known("null", call.place)
        return text_value(value, call.place)
    found = text_value(value, call.place)
    if found.state is not State.KNOWN:
        return found
    if verb in "svtq":
        said = found.content if precision is None else found.content[: int(precision)]
        if verb == "q":
            said = '"' + said.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'
        pad = int(width or 0)
        return known(said.ljust(pad) if "-" in flags else said.rjust(pad, "0" if "0" in flags else " "), call.place)
    number = as_number(found.content)
    if number is None:
        raise Refused("needs a number")
    if verb in "dbox" + "X":
        number, precision = int(number), None
        verb = "d" if verb == "d" else verb
    spec = f"%{flags}{width or ''}{'.' + precision if precision else ''}{verb}"
    if verb == "b":
        return known(format(number, f"{'0' if '0' in flags else ''}{width or ''}b"), call.place)
    if verb not in "doxXeEfgG":
        raise Refused("an unknown verb")
    return known(spec % number, call.place)


def _format_list(call: Call, *values: Value) -> Value:
    lengths = {len(items) for v in values[1:] if (items := listed(v)) is not None}
    for value in values[1:]:
        if value.rest is not None or (value.state is State.UNKNOWN and value.content is None):
            return undecided(value.rest if value.rest is not None else value, call.place)
    if len(lengths) > 1:
        return call.failed("its lists are not of one length")
    count = next(iter(lengths), 1)
    found = []
    for number in range(count):
        row = [items[number] if (items := listed(v)) is not None else v for v in values[1:]]
        found.append(_format(call, values[0], *row))
    return sequence(found, call.place)


def _split(call: Call, separator: Value, value: Value) -> Value:
    a, b = text_value(separator), text_value(value)
    for side in (a, b):
        if side.state is not State.KNOWN:
            return undecided(side, call.place)
    found = b.content.split(a.content) if a.content else list(b.content)
    return sequence([known(f, call.place) for f in found], call.place)


def replaced(subject: str, old: str, new: str) -> str:
    """`replace` without a pattern. Raises TooMuch."""
    if subject.count(old) * len(new) > MAX_TEXT:
        raise TooMuch("the result is too long")
    return subject.replace(old, new)


def _edge(call: Call, value: Value, edge: Value, *, end: bool) -> Value:
    """`startswith` and `endswith`, also where only that edge of the text is known."""
    value, edge = text_value(value), text_value(edge)
    if edge.state is not State.KNOWN:
        return undecided(edge, call.place)
    if value.state is State.UNKNOWN and isinstance(value.content, tuple) and value.content:
        part = value.content[-1 if end else 0]
        if part.state is State.KNOWN and len(part.content) >= len(edge.content):
            value = part
    if value.state is not State.KNOWN:
        return undecided(value, call.place)
    said: str = value.content
    return known(said.endswith(edge.content) if end else said.startswith(edge.content), call.place)


def _substr(subject: Any, offset: Any, length: Any) -> str:
    said, start, count = text(subject), integer(offset), integer(length)
    start = max(len(said) + start, 0) if start < 0 else start
    return said[start:] if count < 0 else said[start : start + count]


def _indent(spaces: Any, subject: Any) -> str:
    count, said = integer(spaces), text(subject)
    if not 0 <= count <= 1000 or (count + 1) * len(said) > MAX_TEXT:  # noqa: PLR2004 - no text is indented more
        raise TooMuch("too much indentation")
    return said.replace("\n", "\n" + " " * count)


def _title(subject: Any) -> str:
    return re.sub(r"(^|[^\w'])(\w)", lambda m: m[1] + m[2].upper(), text(subject))


def _without(subject: Any, edge: Any, *, end: bool) -> str:
    return text(subject).removesuffix(text(edge)) if end else text(subject).removeprefix(text(edge))


def _trim_space(call: Call, value: Value) -> Value:
    value = text_value(value, call.place)
    if value.state is State.KNOWN:
        return known(value.content.strip(_SPACE), call.place)
    if type(value) is Failed or not isinstance(value.content, tuple):
        return value
    parts = list(value.content)
    if parts[0].state is State.KNOWN:
        parts[0] = known(parts[0].content.lstrip(_SPACE), parts[0].place)
    if parts[-1].state is State.KNOWN:
        parts[-1] = known(parts[-1].content.rstrip(_SPACE), parts[-1].place)
    return text_of_parts(parts, call.place)


FUNCTIONS: dict[str, Function] = {
    "chomp": of_data(lambda s: re.sub(r"(\r?\n|\r)+\Z", "", text(s)), 1),
    "endswith": of_values(lambda call, v, e: _edge(call, v, e, end=True), 2),
    "format": of_values(_format, 1, 100),
    "formatlist": of_values(_format_list, 1, 100),
    "indent": of_data(_indent, 2),
    "join": of_values(_join, 2, 100),
    "lower": _by_parts(str.lower),
    "split": of_values(_split, 2),
    "startswith": of_values(lambda call, v, e: _edge(call, v, e, end=False), 2),
    "strcontains": of_data(lambda s, p: text(p) in text(s), 2),
    "strrev": of_data(lambda s: text(s)[::-1], 1),
    "substr": of_data(_substr, 3),
    "title": of_data(_title, 1),
    "trim": of_data(lambda s, c: text(s).strip(text(c)), 2),
    "trimprefix": of_data(lambda s, e: _without(s, e, end=False), 2),
    "trimspace": of_values(_trim_space, 1),
    "trimsuffix": of_data(lambda s, e: _without(s, e, end=True), 2),
    "upper": _by_parts(str.upper),
}
