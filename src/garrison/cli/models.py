"""`garrison models`: learn what is ordinary for a model, so that the watch can tell what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from garrison.watch.models.inference import Inference


@click.group(name="models")
def command() -> None:
    """Watch what models are asked and what they answer."""


@command.command(
    epilog="""\b
Examples:
  garrison models learn audit.jsonl --model iris -o iris.reference
\b
FEED is the gateway's audit feed, with samples of what was asked and answered: `sample = { share = 1, output = true }` at the model,
while trusted clients ask about rows that the model has not been trained on.""",
)
@click.argument("feed", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", required=True, help="The model, as the gateway calls it.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Where to write it.")
@click.option(
    "--key-file", type=click.Path(path_type=Path), help="The key of its digests, made if missing. Default: models.key beside it."
)  # fmt: skip
def learn(feed: tuple[Path, ...], *, model: str, output: Path, key_file: Path | None) -> None:
    """Learn what is ordinary for a model from FEED. Of its rows none is kept."""
    from garrison.watch.key import make_key
    from garrison.watch.models.learnt import learnt, write

    reading = _Reading(feed, model)
    made = learnt(reading, make_key(key_file or output.with_name("models.key")))
    write(output, made)
    if reading.left_out:
        click.echo(f"{reading.left_out:,} inferences could not be read; the first: {reading.because}", err=True)
    click.echo(f"{output}: {made.reference.rows:,} rows, {len(made.reference.features)} features of {model}")


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to tell it.")
def show(file: Path, form: str) -> None:
    """Tell what FILE of `garrison models learn` says of a model."""
    import msgspec

    from garrison.report.terminal.text import clean
    from garrison.watch.models.learnt import read

    found = read(file).reference
    said = {
        "model": found.model,
        "version": found.model_version,
        "rows": found.rows,
        "answers": found.told,
        "labels": list(found.labels),
        "features": [{"name": one.name, "kind": one.kind, "bins": len(one.counts)} for one in found.features],
    }
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(said), indent=2).decode())
        return
    version = f" {found.model_version}" if found.model_version else ""
    click.echo(clean(f"{found.model}{version}: {found.rows:,} rows, answers are {found.told}"))
    for one in found.features:
        click.echo(clean(f"  {one.name:32} {one.kind}, {len(one.counts)} bins"))


class _Reading:
    """The inferences of a model in lines of the feed, and how many of them could not be read."""

    def __init__(self, files: tuple[Path, ...], model: str) -> None:
        self._files, self._model = files, model
        self.left_out, self.because = 0, ""

    def __iter__(self) -> Iterator[Inference]:
        from garrison.errors import UnmappedError
        from garrison.watch.models.sketching import told_in

        for file in self._files:
            with file.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    try:
                        found = told_in(line, self._model)
                    except UnmappedError as error:
                        self.left_out += 1
                        self.because = self.because or f"{file}:{number}: {error.message}"
                        continue
                    if found is not None:
                        yield found
