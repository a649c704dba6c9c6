"""A hook of mkdocs: the pages that are made from the program itself, so that they cannot differ from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from garrison.checks.cel.near import RELATIONS
from garrison.checks.cel.vocabulary import Word, facts, vocabulary
from garrison.checks.check import Check, Pillar, all_checks
from garrison.checks.example import difference, examples_of
from garrison.checks.frameworks import control
from garrison.checks.own.form import schema
from garrison.cli import program
from garrison.estate.assets import kinds
from garrison.gateway.protocols.protocol import names, protocol
from garrison.gateway.protocols.route import Body, Route, Streams
from garrison.policy.actions import Action
from garrison.sources.mapping.coverage import coverage

_WHOLE = 10_000  # lines around a change: the whole example


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the generated pages and the decisions into the navigation."""
    assert config.nav is not None
    checks: list[Any] = ["checks/index.md"]
    for pillar in Pillar:
        checks.append({pillar.capitalize(): [{c.id: f"checks/{c.id}.md"} for c in all_checks() if c.pillar is pillar]})
    decisions = sorted(p.name for p in Path(config.docs_dir, "decisions").glob("*.md"))
    config.nav[3:3] = [{"Commands": "commands.md"}, {"Checks": checks}, {"What is read": "sources.md"}]
    config.nav.append({"What checks can ask": "kinds.md"})
    config.nav.append({"What the gateway lets through": "protocols.md"})
    config.nav.append({"Decisions": [f"decisions/{name}" for name in decisions]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for name, text in pages():
        files.append(File.generated(config, name, content=text))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Every generated page: its path and its Markdown."""
    yield "commands.md", "\n".join(_commands())
    yield "sources.md", "\n".join(_sources())
    yield "kinds.md", "\n".join(_kinds())
    yield "protocols.md", "\n".join(_protocols())
    yield "checks.schema.json", msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode()
    yield "checks/index.md", "\n".join(_index())
    for check in all_checks():
        yield f"checks/{check.id}.md", "\n".join(_check(check))


def _commands() -> Iterator[str]:
    context = click.Context(program, info_name="garrison")
    yield "# Commands\n"
    yield f"{program.help}\n"
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        yield from _command(f"garrison {name}", command)


def _command(name: str, command: click.Command) -> Iterator[str]:
    inner = click.Context(command, info_name=name)
    yield f"## {name}\n"
    yield f"```text\n{' '.join((name, *command.collect_usage_pieces(inner)))}\n```\n"
    yield f"{command.help}\n"
    options = [p for p in command.params if isinstance(p, click.Option)]
    if options:
        yield "| option | meaning |\n| --- | --- |"
    for option in options:
        record = option.get_help_record(inner)
        assert record is not None
        said, meaning = (text.replace("|", "\\|") for text in record)
        yield f"| `{said}` | {meaning} |"
    epilog = (command.epilog or "").replace("\b\n", "").replace("\b", "")
    yield f"\n```text\n{epilog.strip()}\n```\n" if epilog else ""
    for part in command.list_commands(inner) if isinstance(command, click.Group) else ():
        found = command.get_command(inner, part)
        assert found is not None
        yield from _command(f"{name} {part}", found)


def _kinds() -> Iterator[str]:
    yield "# What checks can ask\n"
    yield "Each kind of asset, and what a check [of your own](your-own-checks.md) can ask of it. `garrison kinds KIND` prints the same."
    yield "A *yes or no* and a *value* may be unknown; of a value nothing may be said.\n"
    yield "## Near every asset\n"
    yield from _words(facts())
    yield "`near.to.RELATION.KIND` is what it stands in a relation to, `near.by.RELATION.KIND` what stands so to it.\n"
    yield f"RELATION is one of {', '.join(f'`{r}`' for r in RELATIONS)}.\n"
    for said in (vocabulary(kind) for _, kind in sorted(kinds().items())):
        yield f"## {said.kind}\n"
        yield f"{said.summary} In an expression it is called `{said.called}`.\n"
        yield from _words(said.fields)


def _words(words: Sequence[Word]) -> Iterator[str]:
    yield "| name | type | meaning |\n| --- | --- | --- |"
    for word in words:
        meaning = " · ".join(filter(None, (word.meaning, *(f"`{n}`" for n in word.near))))
        yield f"| `{word.name}` | {word.type} | {meaning.replace('|', '&#124;')} |"
    yield ""


def _sources() -> Iterator[str]:
    yield "# What is read\n"
    yield "Each kind of asset, the provider it is of, and the types it is read from. `garrison sources --coverage` prints the same.\n"
    yield "| kind | provider | format | types |\n| --- | --- | --- | --- |"
    for row in coverage():
        for format_, types in row.types.items():
            yield f"| {row.kind} | {row.provider} | {format_} | {', '.join(f'`{t}`' for t in types)} |"


def _protocols() -> Iterator[str]:
    yield "# What the gateway lets through\n"
    yield (
        "An upstream's `protocol` is one of these. Each request is one action on one model, and a role allows actions; what "
        "no line tells is denied. A path is matched as a whole, after it has been normalised: `{model}` and other words in "
        "braces stand for one segment, or the rest of it, and what is in square brackets may be left out. *Model* says where "
        "a request names it: in the path, in the body, in the gRPC message, or nowhere because the server has only one "
        "(file); `none` is about the server as a whole. *Schema* and *response policy* say whether those can be enforced; a "
        "model that has one refuses the lines without it, and on those marked * all that they cannot be enforced on: binary "
        "tensors, content that is not JSON, streams.\n"
    )
    for name in names():
        told = protocol(name)
        yield f"## {name}\n"
        yield f"{told.title}. From {', '.join(f'[{whose}]({url})' for whose, url in told.sources.items())}.\n"
        yield "| request | action | model | schema | response policy | |"
        yield "|---|---|---|---|---|---|"
        yield from (_route(route) for route in told.routes)
        yield ""
    yield "## openapi\n"
    yield (
        "Any REST interface by its OpenAPI 3 or Swagger 2 file. Which action an operation is, is told by the gateway file "
        "(by `operationId` or `METHOD /path`), else by `x-garrison-action` of the operation, else by the words of its path "
        "(`/predict` is `infer`, `/healthz` is `health`, `/models/{name}/reload` is `load-model`). What none of them tells is "
        "denied, and so is what they call `denied`, and what may be asked for another model by its query or a header. A parameter of the path that is called `model`, `model_name` or "
        "`model_id` names the model.\n"
    )


def _route(route: Route) -> str:
    asked = "" if route.body is Body.JSON else " *"
    answered = "" if route.answer is Body.JSON and route.streams is Streams.NEVER else " *"
    enforced = [
        f"yes{asked}" if route.can_validate else "no",
        f"yes{answered}" if route.can_reshape else "no",
    ]
    cells = [
        f"`{'`, `'.join(route.methods)}` `{route.path}`",
        route.action,
        route.model if route.decides_model else f"{route.model}, for all or none",
        *(enforced if route.action is Action.INFER else ["", ""]),
        "; ".join([*([", ".join(route.servers)] if route.servers else []), *([route.note] if route.note else [])]),
    ]
    return f"| {' | '.join(cells)} |"


def _index() -> Iterator[str]:
    checks = all_checks()
    yield "# Checks\n"
    yield f"{len(checks)} checks, {sum(c.about_ml for c in checks)} of them about machine-learning systems.\n"
    for pillar in Pillar:
        yield f"## {pillar.capitalize()}\n"
        yield "| check | severity | ML | what is wrong |\n| --- | --- | --- | --- |"
        for check in sorted((c for c in checks if c.pillar is pillar), key=lambda c: (-c.severity.rank, c.id)):
            about_ml = "✓" if check.about_ml else ""
            yield f"| [{check.id}]({check.id}.md) | {check.severity} | {about_ml} | {check.title} |"
        yield ""


def _check(check: Check) -> Iterator[str]:
    yield f"# {check.id}\n"
    yield f"**{check.title}.**\n"
    yield f"Severity {check.severity} · confidence {check.confidence} · {check.pillar} · judges {check.kind.__name__}\n"
    yield f"## Why it matters\n\n{check.rationale}\n"
    yield f"## How to mend it\n\n{check.fix}\n"
    for pair in examples_of(check):
        yield f"### {pair.label}\n"
        yield f"```diff\n{difference(pair, _WHOLE)}\n```\n"
    yield "## Mappings\n"
    for found in map(control, check.maps):
        yield f"- [{found.framework}]({found.url}) {found.id}{f': {found.name}' if found.name else ''}"
    yield "\n## To ignore it here\n"
    yield f"```text\n# garrison: ignore[{check.id}] the reason\n```\n"
