"""The stages of a Dockerfile: what each begins with, runs, copies and leaves as the settings of an image."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from garrison.estate.values import Body, Place, State, Value, absent, known, unknown
from garrison.sources.dockerfile.shell import MAX_COMMANDS, commands
from garrison.sources.dockerfile.syntax import Flag, Instruction, Parsed, Text
from garrison.sources.dockerfile.words import evaluate, json_words, spans, words
from garrison.sources.substitution import Lookup, size_of

_MAX_STAGES = 500
_MAX_EVALUATED = 5_000_000  # characters that the variables of one file may stand for, all told
# Set by the builder for each build: https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
_BY_PLATFORM = frozenset(
    f"{side}{what}" for side in ("TARGET", "BUILD") for what in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
# Set by whoever builds, without being declared: https://docs.docker.com/reference/dockerfile/#predefined-args
_PREDEFINED = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY", "SOURCE_DATE_EPOCH"})


class _Stage:
    """A stage being read: variables are what they are at the instruction that is read."""

    def __init__(self, name: Value | None, base: Value, parent: _Stage | None, place: Place, number: int) -> None:
        self.named = name is not None
        self.name = known(str(number), place) if name is None else name
        self.base, self.parent, self.place, self.number = base, parent, place, number
        self.end = place.end  # of its last instruction
        self.arguments: dict[str, Value] = {}
        self.environment: dict[str, Value] = dict(parent.environment) if parent else {}  # of the running image too
        self.own_environment: dict[str, Value] = {}
        self.declared: dict[str, Value] = {}  # arguments, by name, with their defaults
        self.labels: dict[str, Value] = {}
        self.lists: dict[str, list[Value]] = {"commands": [], "copies": [], "runs": [], "ports": []}
        self.single: dict[str, Value] = {}

    def value(self, shipped: bool) -> Value:
        """What a table reads."""
        items: dict[str, Value] = {
            "name": self.name,
            "base": self.base,
            "parent": known(self.parent.number, self.place) if self.parent else absent(self.place),
            "shipped": known(shipped, self.place),
            "environment": known(Body.of(self.own_environment, self.place), self.place),
            "arguments": known(Body.of(self.declared, self.place), self.place),
            "labels": known(Body.of(self.labels, self.place), self.place),
            **{name: known(tuple(values), self.place) for name, values in self.lists.items() if values},
            **self.single,
        }
        return known(Body.of(items, self.place), Place(self.place.source, self.place.start, self.end))

    def inherited(self, name: str) -> Value:
        """A setting of the image: its own, else that of the stage it begins with."""
        stage: _Stage | None = self
        while stage is not None:
            if name in stage.single:
                return stage.single[name]
            stage = stage.parent
        return absent(self.place)


class Image(msgspec.Struct, frozen=True, eq=False):
    """What a file says: its stages, and the settings of the image that the last one leaves."""

    stages: Value
    settings: dict[str, Value]


def image_of(parsed: Parsed, place: Place) -> Image | None:
    """The image; None for a file without a stage."""
    return _Reading(parsed).image(place)


class _Reading:
    """One pass over the instructions."""

    def __init__(self, parsed: Parsed) -> None:
        self.instructions, self.escape = parsed.instructions, parsed.escape
        self.globals: dict[str, Value] = {}  # arguments before the first stage, as they are evaluated
        self.declared: dict[str, Value] = {}  # the same, as they are written
        self.stages: list[_Stage] = []
        self.evaluated = 0
        self.commands = 0

    def image(self, place: Place) -> Image | None:
        for instruction in self.instructions:
            if instruction.keyword == "FROM":
                if len(self.stages) >= _MAX_STAGES:
                    break
                self._from(instruction)
            elif self.stages:
                self.stages[-1].end = instruction.place.end
                self._instruction(self.stages[-1], instruction)
            elif instruction.keyword == "ARG":
                said = self._pairs(instruction, self._lookup(self.globals))
                self.declared.update(said)
                self.globals.update({n: self._argument(n, v) for n, v in said.items()})
        if not self.stages:
            return None
        last = self.stages[-1]
        if not last.named:
            last.name = known("final", last.place)  # its number changes with every stage that is put before it
        chain = _chain(last)
        shipped = {stage.number for stage in chain}
        stages = known(tuple(s.value(s.number in shipped) for s in self.stages), place)
        settings = {name: last.inherited(name) for name in ("user", "entrypoint", "command", "healthcheck", "workdir")}
        if "entrypoint" in last.single and "command" not in last.single:
            settings["command"] = absent(place)  # an ENTRYPOINT of its own takes the CMD below it away
        ports = tuple(p for stage in chain for p in stage.lists["ports"])
        settings |= {
            "base": chain[0].base,
            "environment": known(Body.of(last.environment, place), place),
            "ports": known(ports, place) if ports else absent(place),
        }
        return Image(stages, settings)

    def _from(self, instruction: Instruction) -> None:
        said = [w for w in words(instruction.arguments, self.escape, self._lookup(self.globals)) if w.content != ""]
        base = said[0] if said else absent(instruction.place)
        named = len(said) > 2 and said[1].text().lower() == "as"  # noqa: PLR2004 - image AS name
        number = len(self.stages)
        name = said[2] if named else None
        earlier = {s.name.text().lower(): s for s in self.stages}
        parent = earlier.get(base.text().lower()) if base.text() else None
        stage = _Stage(name, absent(base.place) if parent else base, parent, instruction.place, number)
        if not self.stages:
            stage.declared.update(self.declared)  # those before the first stage are told with it
        self.stages.append(stage)

    def _instruction(self, stage: _Stage, instruction: Instruction) -> None:
        if instruction.onbuild and instruction.keyword not in ("RUN", "COPY", "ADD", "ENV"):
            return  # settings of images that are built from this one
        match instruction.keyword:
            case "ARG":
                said = self._pairs(instruction, self._in(stage))
                stage.declared.update(said)
                stage.arguments.update({n: self._argument(n, v) for n, v in said.items()})
            case "ENV":
                said = self._pairs(instruction, self._in(stage))
                stage.environment.update(said)
                stage.own_environment.update(said)
            case "LABEL":
                stage.labels.update(self._pairs(instruction, self._in(stage)))
            case "RUN":
                self._run(stage, instruction)
            case "COPY" | "ADD":
                stage.lists["copies"].append(self._copy(stage, instruction))
            case "USER":
                stage.single["user"] = self._first(stage, instruction)
            case "EXPOSE":
                stage.lists["ports"] += words(instruction.arguments, self.escape, self._in(stage))
            case "CMD" | "ENTRYPOINT":
                name = "command" if instruction.keyword == "CMD" else "entrypoint"
                stage.single[name] = self._line(stage, instruction.arguments)
            case "HEALTHCHECK":
                stage.single["healthcheck"] = known(instruction.arguments.content, instruction.place)
            case "WORKDIR":
                stage.single["workdir"] = self._first(stage, instruction)
            case _:
                pass

    def _run(self, stage: _Stage, instruction: Instruction) -> None:
        lookup = self._in(stage)
        flags = [self._flag(stage, f) for f in instruction.flags]
        script = instruction.arguments
        listed = json_words(script)
        is_script = script.content.startswith("<<")  # the text below is the script itself
        if listed is not None:
            found = [_command(listed, instruction.place)]
        else:
            found = [] if is_script else list(self._capped(commands(script, lookup)))
        for heredoc in instruction.heredocs:
            if is_script:
                found += self._capped(commands(heredoc.text, lookup))
            else:  # it is what a program reads: python3 <<EOF
                size = len(heredoc.text.content)
                text = known(heredoc.text.content, heredoc.text.place(0, size))
                head = found[-1].child("words").items() if found else ()
                found.append(_command((*head, text), instruction.place))
        stage.lists["commands"] += found
        stage.lists["runs"].append(known(Body.of(dict(flags), instruction.place), instruction.place))

    def _capped(self, found: Iterator[Value]) -> Iterator[Value]:
        for command in found:
            self.commands += 1
            if self.commands > MAX_COMMANDS:
                return
            yield command

    def _copy(self, stage: _Stage, instruction: Instruction) -> Value:
        said = json_words(instruction.arguments)
        if said is None:
            said = words(instruction.arguments, self.escape, self._in(stage))
        sources = tuple(s for s in said[:-1] if not s.text().startswith("<<"))
        items = {
            "adds": known(instruction.keyword == "ADD", instruction.place),
            "sources": known(sources, instruction.place),
            "target": said[-1] if said else absent(instruction.place),
            **dict(self._flag(stage, f) for f in instruction.flags),
        }
        return known(Body.of(items, instruction.place), instruction.place)

    def _flag(self, stage: _Stage, flag: Flag) -> tuple[str, Value]:
        text = flag.value
        place = text.place(0, len(text.content))
        return flag.name, evaluate(text.content, self.escape, self._in(stage), place)

    def _line(self, stage: _Stage, arguments: Text) -> Value:
        """A command line: its words, or the text that a shell runs."""
        place = arguments.place(0, len(arguments.content))
        listed = json_words(arguments)
        if listed is not None:
            return known(listed, place)
        items: list[Value] = []
        for command in self._capped(commands(arguments, self._in(stage))):
            items += command.child("words").items()
        return known(tuple(items), place)

    def _first(self, stage: _Stage, instruction: Instruction) -> Value:
        text = instruction.arguments
        place = text.place(0, len(text.content))
        return evaluate(text.content, self.escape, self._in(stage), place)

    def _pairs(self, instruction: Instruction, lookup: Lookup) -> dict[str, Value]:
        """`name=value name=value`, and the older `ENV name value`; an argument without a default is absent."""
        text = instruction.arguments
        head, _, _ = text.content.partition(" ")
        if "=" not in head and instruction.keyword != "ARG":
            name = head.strip()
            start = len(head) + 1
            place = text.place(0, len(text.content))
            return {name: evaluate(text.content[start:].strip(), self.escape, lookup, place)} if name else {}
        found: dict[str, Value] = {}
        for start, end in spans(text.content, self.escape):
            name, equals, value = text.content[start:end].partition("=")
            place = text.place(start, end)
            found[name.strip("\"'")] = evaluate(value, self.escape, lookup, place) if equals else absent(place)
        return found

    def _argument(self, name: str, said: Value) -> Value:
        """What a declared argument stands for: its default, that of the argument before the stages, or unknown."""
        if said.state is State.ABSENT and name in self.globals:
            said = self.globals[name]
        if said.state is State.ABSENT:
            return _given(name, said.place)
        if said.state is State.KNOWN:
            return Value(State.KNOWN, said.content, said.place, f"the default of the argument {name}")
        return said

    def _lookup(self, *scopes: dict[str, Value]) -> Lookup:
        def lookup(name: str) -> Value:
            found = next((scope[name] for scope in scopes if name in scope), None)
            if found is None:
                outside = name in _BY_PLATFORM or name.upper() in _PREDEFINED
                return _given(name, None) if outside else absent()
            self.evaluated += size_of(found)
            return unknown("too long to be evaluated", found.place) if self.evaluated > _MAX_EVALUATED else found

        return lookup

    def _in(self, stage: _Stage) -> Lookup:
        """What holds in a stage: what is set for the image goes before an argument of the build."""
        return self._lookup(stage.environment, stage.arguments)


def _command(said: tuple[Value, ...], place: Place) -> Value:
    """A command whose words are known, as `commands` gives them."""
    items = {
        "words": known(said, place),
        "raw": known(" ".join(w.text() for w in said), place),
        "piped": known(content=False, place=place),
    }
    return known(Body.of(items, place), place)


def _given(name: str, place: Place | None) -> Value:
    return unknown("whoever builds the image gives it", place, decided_by=f"the build argument {name}")


def _chain(last: _Stage) -> list[_Stage]:
    """The stages an image consists of: the last, what that begins with, and so on; the first one first."""
    found: list[_Stage] = []
    stage: _Stage | None = last
    while stage is not None:
        found.append(stage)
        stage = stage.parent
    return found[::-1]
