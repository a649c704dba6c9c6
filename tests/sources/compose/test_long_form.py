"""Short forms of services in long form."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import Body, Source, State, Value, shown
from garrison.sources.compose.interpolation import Entry, Variables
from garrison.sources.compose.long_form import long_form
from garrison.sources.documents import compose


def read(yaml: str) -> dict[str, Value]:
    source = Source("a/compose.yaml", yaml.encode())
    (document,) = compose(source.data)
    assert document.node is not None
    value = Entry(source, Variables()).value(document.node)
    return long_form("s", value, "a", value.place)


def plain(value: Value) -> Any:
    """A value as data, a question mark for what is not known."""
    if value.state is State.ABSENT:
        return None
    if value.state is State.KNOWN and isinstance(value.content, Body):
        return {name: plain(inner) for name, inner in value.content.items()}
    if value.state is State.KNOWN and isinstance(value.content, tuple):
        return [plain(item) for item in value.content]
    return (
        value.content
        if value.state is State.KNOWN and not isinstance(value.content, str)
        else shown(value).replace("\0", "?")
    )


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ("8080:80", (None, "8080", 80)), ("80", (None, None, 80)), ("127.0.0.1:8080:80/udp", ("127.0.0.1", "8080", 80)),
        ("127.0.0.1::80", ("127.0.0.1", None, 80)), ("'[::1]:8080:80'", ("::1", "8080", 80)), ("3000-3005:3000-3005", (None, "3000-3005", "3000-3005")),
        ("${P}:80", (None, "?", 80)), ("${IP}:80:80", ("?", "80", 80)), ("${IP:-127.0.0.1}:80:80", ("127.0.0.1", "80", 80)),
        ("$ALL", (None, None, "?")), ("{target: 80, published: 8080, host_ip: '::1'}", ("::1", 8080, 80)),
    ],
)  # fmt: skip
def test_a_port(port: str, expected: tuple[object, ...]) -> None:
    (found,) = plain(read(f"ports:\n  - {port}")["ports"])
    assert (found["host_address"], found["host_port"], found["target"]) == expected


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ("/a:/b:ro", ("bind", "/a", "/b", True)), ("./a:/b", ("bind", "./a", "/b", False)), ("~/.aws:/b", ("bind", "~/.aws", "/b", False)),
        ("data:/b", ("volume", "data", "/b", False)), ("/b", ("volume", None, "/b", None)), ("${D}/x:/b", ("bind", "?/x", "/b", False)),
        ("'C:\\x:/b'", ("bind", "C:\\x", "/b", False)), ("{type: bind, source: /a, target: /b}", ("bind", "/a", "/b", None)),
    ],
)  # fmt: skip
def test_a_volume(volume: str, expected: tuple[object, ...]) -> None:
    (found,) = plain(read(f"volumes:\n  - {volume}")["volumes"])
    assert (found["type"], found["source"], found["mountPath"], found.get("read_only")) == expected


@pytest.mark.parametrize("said", ["[A=1, B=x=y, C, 'D=$V', E=]", "{A: 1, B: x=y, C: , D: $V, E: ''}"])
def test_variables(said: str) -> None:
    found = read(f"environment: {said}")["environment"]
    assert {n: str(v) for n, v in plain(found).items()} == {"A": "1", "B": "x=y", "C": "?", "D": "?", "E": ""}
    assert found.child("C").decided_by == "C"


def test_a_variable_whose_name_is_not_known_may_be_any() -> None:
    assert read("environment: [$V=1, A=2]")["environment"].child("B").state is State.UNKNOWN


def test_other_forms() -> None:
    found = read(
        "build: {context: ../x, dockerfile: d/Dockerfile}\nsecurity_opt: [no-new-privileges, 'seccomp=unconfined']\n"
        "secrets: [a, {source: b, target: c}]\nconfigs: [d]\nextends: {file: ../y.yaml, service: z}\nenv_file: x.env\nnetworks: {n: {}}"
    )
    assert found["build"].child("path").text() == "x/d/Dockerfile"
    assert plain(found["security_opt"]) == {"no-new-privileges": "true", "seccomp": "unconfined"}
    assert [plain(s)["mountPath"] for s in (*found["secrets"].items(), *found["configs"].items())] == [
        "/run/secrets/a",
        "/run/secrets/c",
        "/d",
    ]
    assert plain(found["extends"]) == {"service": "z", "path": "y.yaml"}
    assert plain(found["env_file"]) == [{"said": "x.env", "path": "a/x.env"}]
    assert plain(found["networks"]) == ["n"]
    assert plain(read("build: https://github.com/a/b.git")["build"])["path"] is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="ab:/.$={}-[]", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["path", "source", "target", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)
KEYS = [
    "ports",
    "volumes",
    "environment",
    "build",
    "secrets",
    "security_opt",
    "env_file",
    "networks",
    "extends",
    "labels",
]


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=3))
def test_anything_is_taken(service: dict[str, object]) -> None:
    import json

    for value in read(json.dumps(service)).values():
        plain(value)
