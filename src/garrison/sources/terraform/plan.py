"""Plans, as `terraform show -json` and `tofu show -json` print them: format 1.x.

"JSON Output Format" in Terraform's internals documentation. What will only be known after the change is applied is
unknown; what it will refer to is read from the configuration that a plan carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Ref, Source, State, Value, absent, dig, known, unknown
from garrison.sources.interface import File, Tree
from garrison.sources.terraform.evaluation import TOO_DEEP, guarded

_ADDRESS = re.compile(rb'"address"\s*:\s*("(?:[^"\\]|\\.)*")')
_WORD = re.compile(r'[^.\["]+|\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_MAX_HOPS = 30  # from a variable to what its module was called with, and so on
_Data = dict[str, Any]


class PlannedResource:
    """A resource as it will be."""

    __slots__ = ("_plan", "_planned", "_value", "address", "condition", "root", "type")

    format = "terraform"
    exists: Truth = YES

    def __init__(self, plan: _Plan, planned: _Data) -> None:
        self._plan, self._planned = plan, planned
        self.type, self.root = str(planned.get("type", "")), plan.source.path
        self.address, self.condition = f"{self.root}:{planned['address']}", ""
        self._value: Value | None = None

    @property
    def place(self) -> Place:
        """Where its address stands first."""
        return self._plan.place(self._planned["address"])

    def at(self, path: tuple[str, ...]) -> Value:
        """See `Resource`."""
        if self._value is None:
            self._value = self._plan.value(self._planned, self.place)
        try:
            return dig(self._value, path)
        except RecursionError:
            return unknown(TOO_DEEP, self.place)

    def __repr__(self) -> str:
        return self.address


class _Plan:
    """One plan: what is unknown in it, what refers to what, where addresses stand."""

    def __init__(self, source: Source, data: _Data) -> None:
        self.source = source
        self.unknown = {
            change["address"]: _mapped(change.get("change")).get("after_unknown", {})
            for change in _listed(data.get("resource_changes"))
            if isinstance(change.get("address"), str)
        }
        self.configuration = _mapped(_mapped(data.get("configuration")).get("root_module"))
        self._offsets: dict[str, int] | None = None
        self._expressions: dict[int, dict[str, _Data]] = {}

    def place(self, address: str) -> Place:
        """Where an address stands first."""
        if self._offsets is None:
            self._offsets = {}
            line, at = 0, 0
            for match in _ADDRESS.finditer(self.source.data):
                line += self.source.data.count(b"\n", at, match.start())
                at = match.start()
                said = msgspec.json.decode(match[1])
                if said not in self._offsets:
                    self._offsets[said] = line
        line = self._offsets.get(address, 0)
        return Place.at(self.source, (line, 0), (line, 0))

    def value(self, planned: _Data, place: Place) -> Value:
        """The attributes of a resource."""
        address = planned["address"]
        prefix, names = _module_of(address)
        module = self._module(names)
        said = self._said(module, f"{planned.get('type')}.{planned.get('name')}")
        reader = _Reader(self, names, prefix, place)
        return reader.value(_mapped(planned.get("values")), self.unknown.get(address, {}), said)

    def _module(self, names: list[str]) -> _Data:
        module = self.configuration
        for name in names:
            module = _mapped(_mapped(_mapped(module.get("module_calls")).get(name)).get("module"))
        return module

    def _said(self, module: _Data, address: str) -> _Data:
        """What the configuration says of a resource."""
        found = self._expressions.get(id(module))
        if found is None:
            found = self._expressions[id(module)] = {
                str(r.get("address")): _mapped(r.get("expressions")) for r in _listed(module.get("resources"))
            }
        return found.get(address, {})

    def ref(self, names: list[str], prefix: str, references: list[str]) -> Ref | None:
        """What is referred to in a module, through variables and outputs."""
        for _ in range(_MAX_HOPS):
            if not references:
                return None
            words = _WORD.findall(references[0])
            if words[0] == "var" and len(words) > 1 and names:
                outer = self._module(names[:-1])
                call = _mapped(_mapped(outer.get("module_calls")).get(names[-1]))
                references = _references(_mapped(call.get("expressions")).get(words[1]))
                names, prefix = names[:-1], _without_last(prefix)
            elif words[0] == "module" and len(words) > 2:  # noqa: PLR2004 - module, its name, its output
                index = words[2] if words[2].startswith("[") else ""
                output = words[3] if index and len(words) > 3 else words[2]  # noqa: PLR2004
                names, prefix = [*names, words[1]], f"{prefix}module.{words[1]}{index}."
                outputs = _mapped(self._module(names).get("outputs"))
                references = _references(_mapped(outputs.get(output)).get("expression"))
            else:
                return _named(self.source.path, prefix, words)
        return None


class _Reader:
    """Turns the data of one resource into values."""

    __slots__ = ("names", "place", "plan", "prefix")

    def __init__(self, plan: _Plan, names: list[str], prefix: str, place: Place) -> None:
        self.plan, self.names, self.prefix, self.place = plan, names, prefix, place

    def value(self, data: Any, doubt: Any, said: Any) -> Value:
        """Data, which of it is not known yet, and what the configuration says there."""
        references = _references(said)
        ref = self.plan.ref(self.names, self.prefix, references) if references else None
        if doubt is True:
            return self._later(ref, references)
        if isinstance(data, dict) or (data is None and isinstance(doubt, dict) and doubt):
            return self._mapping(_mapped(data), _mapped(doubt), said, ref)
        if isinstance(data, list) or (data is None and isinstance(doubt, list) and doubt):
            items = data if isinstance(data, list) else []
            doubts = doubt if isinstance(doubt, list) else []
            inner = said if isinstance(said, list) else [said] * max(len(items), len(doubts))
            found = [
                self.value(_at(items, n), _at(doubts, n), _at(inner, n)) for n in range(max(len(items), len(doubts)))
            ]
            return known(tuple(found), self.place, ref)
        return absent(self.place) if data is None else known(data, self.place, ref)

    def _later(self, ref: Ref | None, references: list[str]) -> Value:
        name = f"{ref.address.partition(':')[2]}.{ref.attribute}".rstrip(".") if ref is not None else ""
        name = name or (references[0] if references else "it")
        return Value(State.UNKNOWN, None, self.place, f"{name} is known only after it is applied", ref, name)

    def _mapping(self, data: _Data, doubt: _Data, said: Any, ref: Ref | None) -> Value:
        inner = said if isinstance(said, dict) and "references" not in said and "constant_value" not in said else {}

        def make(name: str) -> Value:
            return self.value(data.get(name), doubt.get(name), inner.get(name))

        names = tuple(dict.fromkeys((*data, *(n for n, d in doubt.items() if d))))
        return known(Body(guarded(make, self.place), lambda: names), self.place, ref)


def read_plan(file: File, tree: Tree) -> Iterator[PlannedResource]:
    """The resources of a plan; problems go to the tree."""
    try:
        source = file.source()
        data = msgspec.json.decode(source.data)
    except OSError as error:
        tree.problem(
            file.path, f"it cannot be read: {error.strerror or 'unknown reason'}", hint="check its permissions"
        )
        return
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        line, why = what_is_wrong(file.data, error)
        tree.problem(file.path, f"the plan is no JSON: {why}", line=line, hint="write it with terraform show -json")
        return
    if not isinstance(data, dict) or not str(data.get("format_version", "")).startswith(("0.", "1.")):
        version = data.get("format_version") if isinstance(data, dict) else None
        tree.problem(file.path, f"plans of format {str(version)[:20]} are not known", hint="update Garrison")
        return
    plan = _Plan(source, data)
    stack = [_mapped(_mapped(data.get("planned_values")).get("root_module"))]
    while stack:
        module = stack.pop()
        for planned in _listed(module.get("resources")):
            if planned.get("mode") == "managed" and isinstance(planned.get("address"), str):
                yield PlannedResource(plan, planned)
        stack += reversed(_listed(module.get("child_modules")))


def what_is_wrong(data: bytes, error: Exception) -> tuple[int, str]:
    """The line, and why JSON cannot be decoded."""
    if isinstance(error, RecursionError):
        return 1, "it is nested too deeply"
    try:
        data.decode()
    except UnicodeDecodeError as wrong:
        return data.count(b"\n", 0, wrong.start) + 1, "it is not UTF-8 text"
    if isinstance(error, msgspec.ValidationError):
        return 1, str(error)
    why, _, at = str(error).removesuffix(")").partition(" (byte ")
    return data.count(b"\n", 0, int(at) if at else len(data)) + 1, why.removeprefix("JSON is malformed: ")


def _mapped(data: Any) -> _Data:
    return data if isinstance(data, dict) else {}


def _listed(data: Any) -> list[_Data]:
    return [d for d in data if isinstance(d, dict)] if isinstance(data, list) else []


def _at(items: list[Any], number: int) -> Any:
    return items[number] if number < len(items) else None


def _references(said: Any) -> list[str]:
    found = said.get("references") if isinstance(said, dict) else None
    return [r for r in found if isinstance(r, str) and _WORD.match(r)] if isinstance(found, list) else []


def _module_of(address: str) -> tuple[str, list[str]]:
    """`module.a["k"].module.b.` and the names of its calls."""
    words = _WORD.findall(address)
    prefix, names, at = "", [], 0
    while at + 1 < len(words) and words[at] == "module":
        names.append(words[at + 1])
        prefix += f"module.{words[at + 1]}"
        at += 2
        if at < len(words) and words[at].startswith("["):
            prefix += words[at]
            at += 1
        prefix += "."
    return prefix, names


def _without_last(prefix: str) -> str:
    head, _, _ = prefix.rstrip(".").rpartition("module.")
    return head


def _named(root: str, prefix: str, words: list[str]) -> Ref | None:
    """Whose attribute a reference names; None where it names no resource."""
    if words[0] in ("var", "local", "each", "count", "path", "terraform", "self", "module"):
        return None
    length = 3 if words[0] == "data" else 2
    if len(words) < length:
        return None
    index = words[length] if len(words) > length and words[length].startswith('["') else ""
    rest = [w for w in words[length:] if not w.startswith("[")]
    return Ref(f"{root}:{prefix}{'.'.join(words[:length])}{index}", ".".join(rest))
