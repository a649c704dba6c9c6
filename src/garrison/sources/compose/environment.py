"""Files of variables: `.env`, and what `env_file` names.

https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
"""

from __future__ import annotations

import re

from garrison.estate.values import Place, Source, Value, absent, known
from garrison.sources.compose.interpolation import Variables, interpolate

_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(?:[=:]\s?(.*))?$", re.ASCII)
_QUOTED = re.compile(r"""^\s*(?:'([^']*)'|"((?:\\.|[^"\\])*)")""")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_MAX_LINES = 20_000
_MAX_VALUE = 32_000


def variables_in(source: Source) -> dict[str, Value]:
    """The variables of a file, in order; a name without a value is taken from the shell, and absent here."""
    found: dict[str, Value] = {}
    variables = Variables(found)
    for number, line in enumerate(source.data.decode("utf8", "replace").split("\n")[:_MAX_LINES]):
        match = _LINE.match(line.rstrip("\r"))
        if match is None:
            continue
        place = Place.at(source, (number, match.start(1)), (number, match.end()))
        found[match[1]] = absent(place) if match[2] is None else _value(match[2][:_MAX_VALUE], variables, place)
    return found


def _value(said: str, variables: Variables, place: Place) -> Value:
    quoted = _QUOTED.match(said)
    if quoted is None:
        return _filled_in(_COMMENT.sub("", said).strip(), variables, place)
    if quoted[1] is not None:
        return known(quoted[1], place)
    return _filled_in(re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), quoted[2]), variables, place)


def _filled_in(text: str, variables: Variables, place: Place) -> Value:
    return interpolate(text, variables.lookup, place) if "$" in text else known(text, place)
