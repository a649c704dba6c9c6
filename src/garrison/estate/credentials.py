"""Credentials written into scripts and variables: known forms of keys, and passwords that are assigned."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from functools import lru_cache

from garrison.estate.secrets import loose_forms
from garrison.estate.truth import Truth
from garrison.estate.values import State, Value

_SHORT = 10_000  # characters
_WORD = (
    r"(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|credentials?"
    r"|license[_-]?key)"
)
_VALUE = r"[\"']?(?P<value>[^\s\"'$<{`;|&()\[\]]{6,})[\"']?"
# NAME=value or name: value; a value that is taken from elsewhere ($NAME, $(...), <...>) is none. Inside a line only one
# with a digit counts: the rest is code.
_ASSIGNED = re.compile(
    rf"(?im)^[ \t]*(?:export[ \t]+|-e[ \t]+)?[\"']?[\w-]{{0,60}}{_WORD}[\"']?[ \t]*[=:][ \t]*{_VALUE}[ \t]*$"
)
_INSIDE = re.compile(rf"(?i)(?<![\w$.-])[\w-]{{0,60}}{_WORD}=(?=[^\s\d]{{0,60}}\d){_VALUE}(?=[\s;]|$)")
_NAME = re.compile(
    rf"(?i)(?:^|_|-|(?<=[a-z])){_WORD}$|connection_?string$|^WANDB_API_KEY$|^(HF|HUGGING_?FACE(_HUB)?)_TOKEN$"
)
_NO_SECRET = re.compile(
    r"(?i)^(true|false|none|null|yes|no|enabled|disabled|\d{1,5})$|change.?me|replace|place.?holder|example|^(x|\*)+$|your[-_ ]"
    r"|^(arn:|projects/|https?://|/|@Microsoft\.KeyVault|\{\{resolve:|gs://|s3://|vault:|ssm:)"
)


def credential_in(script: Value) -> Truth:
    """Whether a text, plain or in base64, has a credential in it. Known parts of an unknown text may already tell."""
    if script.state is State.UNKNOWN and isinstance(script.content, tuple):
        texts = [p.content for p in script.content if isinstance(p.content, str)]
        if any(_tells(t) for t in texts):
            return Truth(True, (script,))
        return Truth(None if has_hole(script) else False, (script,))
    return script.test(lambda said: isinstance(said, str) and (_tells(said) or _tells(decoded(said))))


def credential_named(name: str, value: Value) -> Truth:
    """Whether a variable of this name holds a secret that is written here.

    One that is decided at deploy time is not written here.
    """
    if value.state is State.UNKNOWN:
        return credential_in(value) if isinstance(value.content, tuple) else Truth(False, (value,))
    secret_name = _NAME.search(name) is not None

    def written(said: object) -> bool:
        if not isinstance(said, str):
            return False
        plain = secret_name and len(said) >= 6 and _NO_SECRET.search(said) is None  # noqa: PLR2004 - shorter is a flag
        return plain or _has_form(said)

    return value.test(written)


def _remembering(test: Callable[[str], bool]) -> Callable[[str], bool]:
    """The same test, which remembers short texts: overlays of one base, and charts, ask again and again."""
    remembered = lru_cache(maxsize=4096)(test)
    return lambda text: remembered(text) if len(text) < _SHORT else test(text)


@_remembering
def _has_form(text: str) -> bool:
    return loose_forms().search(text) is not None


@_remembering
def _tells(text: str) -> bool:
    if loose_forms().search(text):
        return True
    return any(_NO_SECRET.search(m["value"]) is None for form in (_ASSIGNED, _INSIDE) for m in form.finditer(text))


def has_hole(text: Value) -> bool:
    """Whether a part of an unknown text is not known and nothing says what would decide it.

    What a parameter or another resource decides is not written where the text is.
    """
    parts = text.content if isinstance(text.content, tuple) else (text,)
    return any(p.state is State.UNKNOWN and p.ref is None and not p.decided_by for p in parts)


def decoded(text: str) -> str:
    """What stands in base64, if it is that and text; "" otherwise."""
    if len(text) < 8 or not re.fullmatch(r"[A-Za-z0-9+/\s]+={0,2}\s*", text):  # noqa: PLR2004 - a word is no base64
        return ""
    try:
        return base64.b64decode(text, validate=False).decode("utf8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
