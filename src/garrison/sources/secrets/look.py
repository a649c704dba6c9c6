"""Looking for secrets in bytes: first for what none of them lacks, then for the shapes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import msgspec

from garrison.estate.secrets import Form, entropy, forms, stands_in
from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Source, Value, dig, known
from garrison.sources.interface import File, Tree

MAX_BYTES = 5_000_000  # of a file that is looked into
_NEAR = 400  # bytes between the two halves of a key
_HEAD = 4096
_TOO_LARGE = "too large to be searched for secrets"
_SOURCES = frozenset(
    {
        "py", "ipynb", "sh", "bash", "env", "ini", "cfg", "conf", "toml", "properties", "js", "ts", "r", "jl", "scala", "java",
        "go", "rb", "ps1", "json", "rst", "txt", "md", "netrc", "pypirc", "npmrc", "service",
    }
)  # fmt: skip
_TELLING = (
    b"password",
    b"passwd",
    b"secret",
    b"token",
    b"api_key",
    b"apikey",
    b"api-key",
    b"access_key",
    b"secret_key",
)
# What follows the name of a secret in a program: `NAME = "value"`, `"name": "value"`, `environ["NAME"] = "value"`.
_ASSIGNED = re.compile(
    rb"""\d?\\?["']?\]?[ \t]{0,4}(?::[ ]?str[ ]?)?(?:=>|[=:,])[ \t]{0,4}(?P<quote>\\?["'])(?P<secret>[^"'\\\s]{12,120})(?P=quote)"""
)
_ALONE = re.compile(
    rb"[ \t]*[=:][ \t]*(?P<secret>[^\s\"'#;]{12,120})[ \t]*(?=\r?$)", re.MULTILINE
)  # in files that are nothing else
_PLAIN_FILES = frozenset({"env", "ini", "cfg", "conf", "properties", "netrc", "pypirc", "npmrc"})
_SECRETLIKE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_.!@#%^*~-]+")
_ENOUGH = 3.4  # bits a character of what only its name tells to be a secret
_WORDS = Form("password", "password or token", "password", "", "")
_TESTS = re.compile(
    r"(?i)(^|[/._-])(tests?|testdata|testing|test-?fixtures?|fixtures?|mocks?|e2e|spec|examples?|samples?|docs?)([/._-]|$)|\.(md|rst)$"
)


class Secret:
    """One secret of a file, as a table reads it."""

    __slots__ = ("_body", "address", "place", "root")

    def __init__(self, form: Form, number: int, places: list[Place]) -> None:
        self.place = places[0]
        path = self.place.source.path
        self.root = path.rpartition("/")[0] or "."
        self.address = f"{self.root}:{path.rpartition('/')[2]}#{form.name}{f'-{number}' if number > 1 else ''}"
        said = {
            "name": known(form.title, self.place),
            "family": known(form.family, self.place),
            "places": known(tuple(known(form.title, p) for p in places), self.place),
            "for_tests": known(_TESTS.search(path) is not None and not form.checksum, self.place),
        }
        self._body = known(Body.of(said, self.place), self.place)

    @property
    def format(self) -> str:
        """The name of the source."""
        return "secrets"

    @property
    def type(self) -> str:
        """As the tables call it."""
        return "secret"

    @property
    def exists(self) -> Truth:
        """It is written there."""
        return YES

    @property
    def condition(self) -> str:
        """There is none."""
        return ""

    def at(self, path: tuple[str, ...]) -> Value:
        """What is said at a path."""
        return dig(self._body, path)


class Hit(msgspec.Struct, frozen=True):
    """Something that is a secret, and where it stands."""

    form: Form
    text: str
    start: int
    end: int


def may_have(file: File) -> bool:
    """Whether one of the things stands in a file that no secret lacks. Raises OSError."""
    if file.size_bytes > MAX_BYTES:
        return True  # to be counted
    data = file.glimpsed()
    return (
        any(anchored.search(data) for anchored in _anchored().values())
        or _in_address(data)
        or next(_named(file.name, data), None) is not None
    )


def secrets_in(file: File, tree: Tree) -> Iterator[Secret]:
    """The secrets of a file, each once, in the order of its text."""
    data = _text_of(file, tree)
    places: dict[str, list[Hit]] = {}
    taken: list[tuple[int, int]] = []
    for hit in _hits(data, file.name):
        if not any(start < hit.end and hit.start < end for start, end in taken):
            taken.append((hit.start, hit.end))
            places.setdefault(hit.text, []).append(hit)
    source = Source(file.path, data)
    numbers: Counter[str] = Counter()
    for hits in sorted(places.values(), key=lambda found: found[0].start):
        form = hits[0].form
        numbers[form.name] += 1
        yield Secret(form, numbers[form.name], [_place(source, hit) for hit in sorted(hits, key=lambda h: h.start)])


def _text_of(file: File, tree: Tree) -> bytes:
    """What is in a file; nothing, and a count, where that is too much or no text."""
    try:
        if file.size_bytes > MAX_BYTES:
            tree.skipped[_TOO_LARGE] = tree.skipped.get(_TOO_LARGE, 0) + 1
            return b""
        data = file.glimpsed()
    except OSError as error:
        tree.problem(file.path, f"it cannot be read: {error.strerror}", hint="check its permissions")
        return b""
    if b"\0" in data[:_HEAD]:
        tree.skipped["binary"] = tree.skipped.get("binary", 0) + 1
        return b""
    return data


_PRETENDED = re.compile(rb"(?i)(?:dummy|fake|mock|sample|example)[\w-]*\Z")  # a name that says it is none
_NAME_BYTES = 60


def _hits(data: bytes, name: str) -> Iterator[Hit]:
    """What is a secret by its shape, the surest shapes first; then what its name tells."""
    near = {byte for byte, shapes in _anchored().items() if shapes.search(data)}
    for form in forms():
        if form.anchor[0] in near if form.begins_with_anchor else form.anchor.encode() in data:
            for match in _compiled(form).finditer(data):
                hit = _hit(form, match)
                if form.is_genuine(hit.text) and _has_company(form, data, match) and not _is_local(match):
                    yield hit
    for match in _named(name, data):
        hit = _hit(_WORDS, match)
        if _PRETENDED.search(data, max(0, match.start() - _NAME_BYTES), match.start()):
            continue
        if _SECRETLIKE.fullmatch(hit.text) and not stands_in(hit.text) and entropy(hit.text) > _ENOUGH:
            yield hit


def _hit(form: Form, match: re.Match[bytes]) -> Hit:
    group = "secret" if "secret" in match.re.groupindex else 0
    return Hit(form, match[group].decode("utf8", "replace"), match.start(group), match.end(group))


def _has_company(form: Form, data: bytes, match: re.Match[bytes]) -> bool:
    """Whether the other half of a key stands near the one that was found."""
    if not form.beside:
        return True
    around = data[max(0, match.start() - _NEAR) : match.start()], data[match.end() : match.end() + _NEAR]
    other = re.compile(form.beside.encode())
    texts = (found[0].decode() for part in around for found in other.finditer(part))
    return any(not stands_in(text) and entropy(text) > _ENOUGH for text in texts)


def _is_local(match: re.Match[bytes]) -> bool:
    """Whether an address is of this machine, or of an example."""
    host = match["host"].lower() if "host" in match.re.groupindex else b""
    return host.startswith((b"localhost", b"127.", b"0.0.0.0")) or b"example" in host


def _place(source: Source, hit: Hit) -> Place:
    """Where a secret stands: its first line, as a key may be long."""
    begin = source.data.rfind(b"\n", 0, hit.start) + 1
    line = source.data.count(b"\n", 0, hit.start)
    column = len(source.data[begin : hit.start].decode("utf8", "replace"))
    length = len(source.data[hit.start : hit.end].partition(b"\n")[0].decode("utf8", "replace"))
    return Place.at(source, (line, column), (line, column + length))


@cache
def _compiled(form: Form) -> re.Pattern[bytes]:
    return re.compile(form.pattern.encode())


@cache
def _anchored() -> dict[str, re.Pattern[bytes]]:
    """The shapes that begin with the same byte as one pattern, which is searched for as fast as that byte is."""
    by_byte: dict[str, list[str]] = {}
    for form in forms():
        if form.begins_with_anchor:
            by_byte.setdefault(form.anchor[0], []).append(re.sub(r"\(\?P<\w+>", "(?:", form.pattern[1:]))
    shapes = {byte: rf"{byte}(?=[\w-]{{5}})(?:{'|'.join(patterns)})" for byte, patterns in by_byte.items()}
    return {byte: re.compile(shape.encode()) for byte, shape in shapes.items()}


def _in_address(data: bytes) -> bool:
    return b"@" in data and b"://" in data and re.search(rb":[/][/][^\s/@]{0,64}:[^\s/@]{6,80}@", data) is not None


def _named(name: str, data: bytes) -> Iterator[re.Match[bytes]]:
    """Every text that a program or a file of settings gives to a name that tells a secret."""
    ending = name.rpartition(".")[2].lower()
    if ending not in _SOURCES:
        return
    lower = data.lower()
    for word in _TELLING:
        at = lower.find(word)
        while at >= 0:
            at += len(word)
            match = _ASSIGNED.match(data, at) or (_ALONE.match(data, at) if ending in _PLAIN_FILES else None)
            if match is not None:
                yield match
            at = lower.find(word, at)
