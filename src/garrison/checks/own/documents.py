"""Checks in YAML: every document of a file is one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from garrison.checks.cel.compiling import compile_expression
from garrison.checks.cel.syntax import ExpressionError
from garrison.checks.check import Check, Confidence, Pillar, Severity, Verdict, fail_if
from garrison.checks.own.examples import examples_beside, hold_both, hold_name
from garrison.checks.own.form import Form
from garrison.errors import ConfigError, nearest
from garrison.estate.assets import Asset, kinds
from garrison.estate.estate import Relations
from garrison.sources.documents import plain
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence, Style, follow
from garrison.sources.yaml_nodes import compose_yaml

# What an unquoted word means in YAML 1.2 (section 10.3.2).
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_SAMPLES = {"id": "acme-bucket-unversioned", "maps": "ATLAS:AML.T0035 or ACME:SEC-7"}
_ENUMS = {"severity": Severity, "confidence": Confidence, "pillar": Pillar}


def yaml_checks(path: Path, data: bytes) -> Iterator[Check]:
    """The checks of a file. Raises ConfigError, with the line, for one that is not right."""
    for composed in compose_yaml(data):
        for complaint in composed.complaints:
            raise ConfigError(complaint.message, path=str(path), line=complaint.line, hint=complaint.hint)
        if composed.node is not None:
            yield _Document(path, data, composed.node).check()


class _Document:
    """One document, and where its parts stand."""

    def __init__(self, path: Path, data: bytes, node: Node) -> None:
        self.path, self.data, self.node = path, data, node

    def check(self) -> Check:
        """The check it says."""
        try:
            form = msgspec.convert(_data(self.node), Form)
        except msgspec.ValidationError as error:
            raise self.explained(error) from error
        if form.kind not in kinds():
            hint = nearest(form.kind, kinds(), "garrison kinds lists them")
            raise self.wrong(f"no kind is called {form.kind}", "$.kind", hint)
        self.hold_words(form)
        run, native = self.expression(form, kinds()[form.kind])
        return Check(
            id=form.id,
            kind=kinds()[form.kind],
            severity=form.severity,
            confidence=form.confidence,
            pillar=form.pillar,
            maps=form.maps,
            about_ml=form.about_ml,
            native=native,
            run=run,
            title=_line(form.title).rstrip("."),
            rationale=_line(form.why),
            fix=_line(form.fix),
            path=str(self.path),
            line=self.line("$"),
            examples=self.examples(form),
        )

    def hold_words(self, form: Form) -> None:
        """Raises ConfigError for a text that is empty, or would do something to the terminal it is shown on."""
        said = {name: _line(getattr(form, name)) for name in ("title", "why", "fix", "message")}
        for name, text in said.items():
            if not text:
                raise self.wrong(f"{name} says nothing", f"$.{name}", "write a sentence")
        for name, text in {**said, "id": form.id, "maps": "".join(form.maps)}.items():
            if not text.isprintable():
                raise self.wrong(f"{name} has a character that cannot be printed", f"$.{name}", "leave it out")

    def expression(self, form: Form, kind: type[Asset]) -> tuple[Any, tuple[str, ...]]:
        """What judges an asset, and the native fields it asks for."""
        try:
            program = compile_expression(form.fail, kind)
        except ExpressionError as error:
            line, column = self.place(form.fail, error.at)
            raise ConfigError(error.message, path=str(self.path), line=line, column=column, hint=error.hint) from error
        message = _line(form.message)

        def run(asset: Asset, near: Relations) -> Verdict:
            return fail_if(program.run(asset, near), message)

        return run, program.native

    def examples(self, form: Form) -> dict[str, str]:
        """Those it says, else those that lie beside its file."""
        for name in form.examples:
            hold_name(name, str(self.path), self.line("$.examples", name))
        found = form.examples or examples_beside(self.path, form.id)
        hold_both(found, form.id, str(self.path), self.line("$"))
        return found

    def line(self, where: str, key: str = "") -> int:
        """The line, from 1, of what stands at a path, or of a key in it."""
        node = follow(self.node, where)
        keys = node.pairs[::2] if isinstance(node, Mapping) else ()
        node = next((k for k in keys if isinstance(k, Scalar) and k.text == key), node)
        return (node.start >> 20) + 1 if node is not None else 0

    def place(self, expression: str, at: int) -> tuple[int, int]:
        """Line and column, from 1, of a character of the expression; column 0 where YAML has folded its lines."""
        node = follow(self.node, "$.fail")
        assert node is not None  # noqa: S101 - it was read from there
        first, last = node.start >> 20, node.end >> 20
        begin = expression.rfind("\n", 0, at) + 1
        wanted = expression[begin:].partition("\n")[0]
        lines = self.data.decode("utf8", "replace").split("\n")
        for number in range(first + expression.count("\n", 0, at), min(last + 1, len(lines))):
            column = lines[number].find(wanted, node.start & 0xFFFFF if number == first else 0)
            if column >= 0:
                return number + 1, column + at - begin + 1
        return first + 1, 0

    def wrong(self, message: str, where: str, hint: str, key: str = "") -> ConfigError:
        return ConfigError(message, path=str(self.path), line=self.line(where, key), hint=hint)

    def explained(self, error: msgspec.ValidationError) -> ConfigError:
        """What msgspec says, in the words of who writes the file."""
        message, _, where = str(error).partition(" - at ")
        where = where.strip("`") or "$"
        match = re.match(r"\$\.(\w+)", where)
        name = match[1] if match else ""
        if unknown := re.match(r"Object contains unknown field `(.*)`", message, re.DOTALL):
            fields = [f.encode_name for f in msgspec.structs.fields(Form)]
            hint = nearest(unknown[1], fields, f"it can be one of: {', '.join(fields)}")
            return self.wrong(f"unknown key {unknown[1]}", "$", hint, unknown[1])
        if missing := re.match(r"Object missing required field `(.*)`", message):
            return self.wrong(f"{missing[1]} is missing", "$", f"add {missing[1]}: ...")
        if message.startswith("Invalid enum value"):
            said = message.removeprefix("Invalid enum value ").strip("'")
            return self.wrong(f"{name} is {said}", where, f"write one of: {', '.join(_ENUMS[name])}")
        if not name:
            return self.wrong("it is no check", "$", "write id: ..., title: ..., and so on")
        if message.startswith("Expected `str`, got"):
            return self.wrong(f"{name} is no text", where, "put it in quotes")
        if "matching regex" in message:
            return self.wrong(f"{name} is not of the right form", where, f"write it like {_SAMPLES[name]}")
        return self.wrong(f"{name}: {message[:1].lower()}{message[1:].replace('`', '')}", where, "")


def _data(node: Node) -> Any:
    """A node as plain data."""
    if isinstance(node, Scalar):
        return plain(node.text, _WORDS) if node.style is Style.PLAIN else node.text
    if isinstance(node, Sequence):
        return [_data(item) for item in node.items]
    keys = [k.text if isinstance(k, Scalar) else "" for k in node.pairs[::2]]
    return dict(zip(keys, map(_data, node.pairs[1::2]), strict=True))


def _line(text: str) -> str:
    return " ".join(text.split())
