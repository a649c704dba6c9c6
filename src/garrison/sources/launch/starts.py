"""Which commands start a known server: the command itself, what a wrapper starts, the container of a `docker run`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from garrison.estate.servers import component_of
from garrison.estate.values import Body, Place, State, Value, absent, known, unknown
from garrison.sources.launch.commands import Command, Lexer, assigned

_INTERPRETERS = re.compile(r"(python[\d.]*|java|node|npx|uvx?|pipx|uvicorn|gunicorn|spark-class)$")
_SHELLS = re.compile(r"(ba|da|z|k)?sh$")
# Programs that start another, with the options of theirs that take a value.
_WRAPPERS: dict[str, frozenset[str]] = {
    "exec": frozenset({"-a"}), "nohup": frozenset(), "command": frozenset(), "builtin": frozenset(), "setsid": frozenset(),
    "time": frozenset(), "ionice": frozenset({"-c", "-n", "-p"}), "nice": frozenset({"-n"}), "stdbuf": frozenset({"-i", "-o", "-e"}),
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-D", "--user", "--group"}), "env": frozenset({"-u", "--unset", "-C"}),
    "tini": frozenset({"-p", "-e"}), "dumb-init": frozenset({"-r"}), "gosu": frozenset(), "su-exec": frozenset(),
    "timeout": frozenset({"-s", "-k", "--signal", "--kill-after"}), "xvfb-run": frozenset({"-s", "-n", "--server-args"}),
    "poetry": frozenset(), "pipenv": frozenset(), "pdm": frozenset(), "conda": frozenset({"-n", "-p", "--name", "--prefix"}),
    "mamba": frozenset({"-n", "-p"}), "micromamba": frozenset({"-n", "-p"}), "numactl": frozenset({"-N", "-m", "-C"}),
    "systemd-run": frozenset({"-u", "--unit", "-p", "-E", "--property", "--setenv"}),
}  # fmt: skip
_SUBCOMMAND = frozenset({"poetry", "pipenv", "pdm", "conda", "mamba", "micromamba"})  # they wrap only after `run`
_ONE_MORE = frozenset({"gosu", "su-exec", "timeout"})  # their first operand is not the command
_ENGINES = frozenset({"docker", "podman", "nerdctl"})
# Options of `docker run` without a value (https://docs.docker.com/reference/cli/docker/container/run/).
_FLAGS = frozenset(
    {
        "-d", "--detach", "-i", "--interactive", "-t", "--tty", "--rm", "--init", "--privileged", "-P", "--publish-all",
        "--read-only", "--no-healthcheck", "--oom-kill-disable", "-q", "--quiet", "--replace", "--sig-proxy", "--disable-content-trust",
    }
)  # fmt: skip
_DEEPEST = 3  # scripts in arguments of scripts


class Start(msgspec.Struct, frozen=True, eq=False):
    """A server that is started, as a table reads it."""

    component: str
    place: Place
    said: dict[str, Value]


class Surroundings(msgspec.Struct, frozen=True, eq=False):
    """What a command finds: variables that are set, what may set more where it stands, and who may from outside."""

    variables: dict[str, Value]
    sources: Value
    inherits: Value
    pins: tuple[Value, ...] = ()


def starts(command: Command, around: Surroundings, depth: int = 0) -> Iterator[Start]:
    """The servers that a command starts."""
    words = list(command.words)
    variables = {**around.variables, **command.environment}
    words = _unwrapped(words, variables)
    if not words:
        return
    head = _name(words[0])
    if _SHELLS.match(head) and depth < _DEEPEST and (script := _script(words)) is not None:
        lexer = Lexer(script.text(), lambda _start, _end: script.place or words[0].place)  # type: ignore[arg-type,return-value]
        for inner in lexer.commands():
            yield from starts(inner, msgspec.structs.replace(around, variables=variables), depth + 1)
    elif head in _ENGINES:
        yield from _container(words, around)
    elif (name := _started(words)) and words[0].place is not None:
        yield Start(
            name,
            _span(words),
            {
                "command": known(tuple(words), words[0].place),
                "environment": known(Body.of(variables), words[0].place),
                "environment_sources": around.sources,
                "inherits": around.inherits,
                "pins": known(around.pins),
            },
        )


def _started(words: Sequence[Value]) -> str:
    """The server that a command is, by its name; "" where it only speaks of one (`echo mlflow server`)."""
    head, rest = _name(words[0]), _line(words[1:])
    component, _ = component_of(f"{head} {rest}")
    if component is None or any(c.isspace() for c in head):
        return ""
    if not _INTERPRETERS.match(head) and component_of(rest)[0] is not None:
        return ""
    return component.name


def _container(words: list[Value], around: Surroundings) -> Iterator[Start]:
    """What `docker run` starts, where its image or its command is a known server."""
    rest = words[2:] if len(words) > 1 and words[1].text() == "container" else words[1:]
    if not rest or rest[0].text() != "run":
        return
    variables: dict[str, Value] = {}
    ports: list[Value] = []
    hidden: Value | None = None
    at = 1
    while at < len(rest) and (rest[at].text().startswith("-") or rest[at].state is State.UNKNOWN):
        option, value, at = _docker_option(rest, at)
        if option in ("-e", "--env"):
            if (pair := assigned(value)) is not None:
                variables[pair[0]] = pair[1]
            elif value.state is State.KNOWN:
                variables[value.text()] = around.variables.get(
                    value.text(), unknown("it is taken from the caller", value.place, (value,))
                )
            else:
                hidden = value
        elif option in ("-p", "--publish"):
            ports.append(value)
        elif option == "--env-file" or (not option and value.state is State.UNKNOWN):
            hidden = unknown("its variables are said elsewhere", value.place, decided_by=value.decided_by)
        elif option in ("--network", "--net") and value.text() == "host":
            ports.append(value)
        elif option in ("-P", "--publish-all"):
            ports.append(known(option, value.place))
    if at >= len(rest) or rest[at].place is None:
        return
    image, arguments = rest[at], rest[at + 1 :]
    component, _ = component_of(
        _line(arguments), re.sub(r"^(?:[^/]+[.:][^/]*/|localhost/)|[:@].*$", "", image.text().lower())
    )
    if component is not None:
        yield Start(
            component.name,
            _span(words),
            {
                "image": image,
                "arguments": known(tuple(arguments), image.place),
                "environment": known(Body.of(variables), image.place),
                "environment_sources": absent() if hidden is None else hidden,
                "listens": known(tuple(ports), image.place),
            },
        )


def _docker_option(words: list[Value], at: int) -> tuple[str, Value, int]:
    """An option, its value, and where the next word is; "" for a word that only the shell knows."""
    word = words[at]
    if word.state is State.UNKNOWN and not (isinstance(word.content, tuple) and word.content[0].text().startswith("-")):
        return "", word, at + 1
    name, equals, value = (word.text() or word.content[0].text()).partition("=")
    if equals:
        return name, known(value, word.place) if word.state is State.KNOWN else word, at + 1
    if name in _FLAGS or re.fullmatch(r"-[ditPq]{2,}", name):
        return name, known("", word.place), at + 1
    if re.match(r"-[pev].", name):  # -p8080:80
        return name[:2], known(name[2:], word.place), at + 1
    return name, words[at + 1] if at + 1 < len(words) else known("", word.place), at + 2


def _unwrapped(words: list[Value], variables: dict[str, Value]) -> list[Value]:
    """The command without the programs that only start it; what `env` sets is added to the variables."""
    while words and (options := _WRAPPERS.get(head := _name(words[0]))) is not None:
        rest = words[1:]
        if head in _SUBCOMMAND:
            if not rest or rest[0].text() != "run":
                return words
            rest = rest[1:]
        while rest and rest[0].text().startswith("-"):
            option = rest.pop(0).text()
            if option in options and rest:
                rest.pop(0)
        while head in ("env", "sudo") and rest and (pair := assigned(rest[0])) is not None:
            variables[pair[0]] = pair[1]
            rest.pop(0)
        words = rest[1:] if head in _ONE_MORE else rest
    return words


def _script(words: list[Value]) -> Value | None:
    """The script of `sh -c`, where it is known."""
    for number, word in enumerate(words[:-1]):
        if number and re.fullmatch(r"-[a-z]*c", word.text()):
            script = words[number + 1]
            return script if script.state is State.KNOWN and script.place is not None else None
    return None


def _name(word: Value) -> str:
    return word.text().rpartition("/")[2]


def _line(words: Sequence[Value]) -> str:
    return " ".join(w.text() for w in words if w.state is State.KNOWN)


def _span(words: Sequence[Value]) -> Place:
    first, last = words[0].place, words[-1].place
    assert first is not None  # noqa: S101 - a word that was read stands somewhere
    return (
        first
        if last is None or last.source is not first.source
        else Place(first.source, first.start, max(first.end, last.end))
    )
