"""`garrison ledger append`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli.ledger._open import entries, format_option, ledger_option, named, say, sign_option, write_json
from garrison.errors import UsageError

if TYPE_CHECKING:
    from garrison.ledger.journal import Replay

_MOST_BYTES = 64 * 1024 * 1024
_STDIN = "-"


@click.command(
    name="append",
    epilog="""\b
Examples:
  garrison ledger append --kind note "restore drill, all fine" --object estate:production
  garrison ledger append --kind model.deploy --actor service:ci --object model:fraud \\
      --digest sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 \\
      --approval entry:17 --detail environment=production "CHG-1234"
  garrison ledger append --kind scan.result - < fields.json      fields as JSON: an object, or one a line
  garrison ledger kinds                                          what kinds there are, and what they take""",
)
@click.argument("text", required=False)
@ledger_option
@click.option("--kind", help="The kind of the entry; see garrison ledger kinds.")
@click.option(
    "--actor", envvar="GARRISON_ACTOR", show_envvar=True,
    help="Who did it: person:hmac-sha256:..., service:..., client:..., key:..., role:.... Default: the key of the ledger.",
)  # fmt: skip
@click.option("--action", help="What was done. Default: the first of the kind.")
@click.option("--object", "thing", metavar="TYPE:NAME", help="What it was done to.")
@click.option("--digest", help="The digest of the object: sha256:...")
@click.option("--reason", help="Why; the same as TEXT.")
@click.option("--approval", help="Who agreed: entry:INDEX of this ledger, or a ticket.")
@click.option("--previous", help="The digest of the object's state before.")
@click.option("--time", "when", help="When, as of RFC 3339. Default: now.")
@click.option(
    "--detail",
    "details",
    multiple=True,
    metavar="NAME=TEXT",
    help="A field of the kind; NAME:=JSON for other than text.",
)
@sign_option
@format_option
def command(
    folder: Path | None, text: str | None, kind: str | None, sign_with: str | None, form: str, **options: Any
) -> None:
    """Append an entry, whose reason is TEXT.

    Where TEXT is -, it is read from standard input: a JSON object is taken for the fields of an entry, several, one a line, for
    those of several entries, which are appended all or none; what they say goes before the options. Anything else is the reason.
    When the command ends with 0, the entry is on the disk and under a signed checkpoint.
    """
    from garrison.ledger.keyring import identity
    from garrison.ledger.note import VerifierKey
    from garrison.ledger.opening import open_ledger

    given = _fields(kind, options)
    asked = [{**given, **more} for more in _read(text)]
    for entry in asked:
        if not isinstance(entry.get("kind"), str):
            raise UsageError("no kind is given", hint="give --kind; see: garrison ledger kinds")
    with open_ledger(named(folder), sign_with) as ledger:
        _tell(ledger.replay)
        actor = f"key:{identity(VerifierKey.parse(ledger.signer.vkey))}"
        first = ledger.append_many([(entry.pop("kind"), {"actor": actor, **entry}) for entry in asked])
        if form == "json":
            write_json({"first": first, "count": len(asked)})
        for index in range(first, first + len(asked)) if form != "json" else ():
            say(f"entry {index}")


def _fields(kind: str | None, options: dict[str, Any]) -> dict[str, Any]:
    """What the options say."""
    thing, digest, details = options["thing"], options["digest"], options["details"]
    fields = {
        "kind": kind, "time": options["when"],
        **{name: options[name] for name in ("actor", "action", "reason", "approval", "previous")},
    }  # fmt: skip
    if thing is not None:
        type_, colon, name = thing.partition(":")
        if not colon:
            raise UsageError(f"--object {thing} has no type", hint="write TYPE:NAME, as in model:fraud")
        fields["object"] = {"type": type_, "name": name, **({"digest": digest} if digest else {})}
    elif digest is not None:
        raise UsageError("--digest is that of an object", hint="give --object too")
    if details:
        fields["details"] = dict(_detail(detail) for detail in details)
    return {name: value for name, value in fields.items() if value is not None}


def _detail(text: str) -> tuple[str, Any]:
    import msgspec

    name, equals, value = text.partition("=")
    if not equals or not name.removesuffix(":"):
        raise UsageError(f"--detail {text} is no field", hint="write NAME=TEXT, or NAME:=JSON")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise UsageError(f"--detail {text}: {error}", hint="write JSON behind :=, or text behind =") from error


def _read(text: str | None) -> list[dict[str, Any]]:
    """The fields of each entry that the argument or standard input tells."""
    if text is None:
        return [{}]
    if text != _STDIN:
        return [{"reason": text}]
    data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UsageError(f"more than {_MOST_BYTES:,} bytes to append", hint="append them in parts")
    if data.lstrip().startswith(b"{"):
        return _objects(data)
    try:
        reason = data.decode().strip()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"byte {error.start} of standard input is not UTF-8", hint="append text, or a digest"
        ) from error
    if not reason:
        raise UsageError("standard input is empty", hint="write the reason, or fields as JSON")
    return [{"reason": reason}]


def _objects(data: bytes) -> list[dict[str, Any]]:
    import msgspec

    decode = msgspec.json.Decoder(dict[str, Any]).decode
    try:
        return [decode(data)]
    except msgspec.DecodeError as error:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) == 1:
            raise UsageError(f"standard input is no JSON: {error}", hint="one object, or one a line") from error
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(decode(line))
        except msgspec.DecodeError as error:
            hint = "one object, or one a line"
            raise UsageError(f"line {number} of standard input is no JSON object: {error}", hint=hint) from error
    return found


def _tell(replay: Replay) -> None:
    """What opening found of a process that ended in the middle."""
    if replay.framed:
        say(f"recovered {entries(len(replay.framed))} of a process that ended before it could publish", error=True)
    if replay.dropped_bytes:
        say(
            f"{replay.dropped_bytes:,} bytes of a write that never ended were dropped; nobody was told they are there",
            error=True,
        )
