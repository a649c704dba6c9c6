"""`garrison scan`."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garrison.cli import Done
from garrison.cli._own import own_checks, own_options
from garrison.cli.completion import check_ids, frameworks
from garrison.errors import UsageError
from garrison.report import View, form, form_names, tells_defences

if TYPE_CHECKING:
    from garrison.findings.baseline import Baseline
    from garrison.findings.result import Result
    from garrison.fix.fix import Fixed
    from garrison.scan.config import Loaded, Settings
    from garrison.scan.scan import Progress

_STDOUT = "-"
_ORDER = "garrison.order"
_WIDTH = 100  # of lines, where the output is no terminal


class _ScanCommand(click.Command):
    """Remembers in which order --format and -o were given: each -o belongs to the --format before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


@click.command(
    name="scan",
    cls=_ScanCommand,
    epilog="""\b
Examples:
  garrison scan                                    what to mend first, in this folder
  garrison scan infra k8s --all                    everything, in two folders
  garrison scan --unknown                          also what could not be decided, and by what
  garrison scan --format sarif -o garrison.sarif   for code scanning
  garrison scan --fail-on high --format github     in a pull request
  garrison scan --format html -o report.html       to read at leisure, or to hand on
  garrison scan --write-baseline known.json        accept what is there today ...
  garrison scan --baseline known.json              ... and fail on what is new
  garrison scan --diff main                        what this branch brings, and mends
  garrison scan --framework NIST-800-53            how each control stands
  garrison scan --fix --patch changes.patch        see what would be mended
  garrison scan --fix                              mend it
  garrison scan --ledger audit                     and record that it was scanned, and with what result
\b
Exit codes: 0 clean, 1 findings, 2 wrong usage, 3 incomplete: something could not be read.""",
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-f", "--format", "formats", multiple=True, type=click.Choice(form_names()),
    help="How to report; may be given several times, each with an -o behind it. Default: terminal.",
)  # fmt: skip
@click.option(
    "-o", "--output", "outputs", multiple=True, type=click.Path(dir_okay=False, allow_dash=True),
    help="Where to write the --format before it; without one it goes to standard output.",
)  # fmt: skip
@click.option("--dated", is_flag=True, help="Say in an HTML report when it was made; it then differs each time.")
@click.option("--all", "everything", is_flag=True, help="Show every finding, not only what to mend first.")
@click.option("--unknown", is_flag=True, help="Show what could not be decided, and what would decide it.")
@click.option(
    "--fail-on", type=click.Choice(["critical", "high", "medium", "low", "never"]),
    help="The least severity that makes the exit code 1. Default: low.",
)  # fmt: skip
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="A file of findings that are known: they are only counted."
)
@click.option(
    "--diff", "revision", metavar="REV",
    help="Tell only what is new against this Git revision, and count what it mends.",
)  # fmt: skip
@click.option("--write-baseline", type=click.Path(path_type=Path), help="Write all findings to such a file.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without harm, then report what is left.")
@click.option(
    "--unsafe-fixes", is_flag=True,
    help="With --fix: mend also what may stop something that works today, or make a resource anew.",
)  # fmt: skip
@click.option(
    "--patch", type=click.Path(dir_okay=False, allow_dash=True),
    help="With --fix: write the changes here as a patch, and leave the files alone.",
)  # fmt: skip
@click.option(
    "--pillar", "pillars", multiple=True,
    type=click.Choice(["cloud", "containers", "api", "monitoring", "access"]),
    help="Judge only this part; may be given several times.",
)  # fmt: skip
@click.option(
    "--check", "checks", multiple=True, metavar="ID", shell_complete=check_ids,
    help="Run only this check; may be given several times.",
)  # fmt: skip
@click.option(
    "--framework", metavar="NAME", shell_complete=frameworks,
    help="Judge only what maps to this framework, and sum up by its controls: ATLAS, NIST-800-53, ...",
)  # fmt: skip
@own_options
@click.option(
    "--helm-values", multiple=True, type=click.Path(path_type=Path),
    help="Values for every Helm chart, over its own; may be given several times, the later over the earlier.",
)  # fmt: skip
@click.option(
    "--ledger", type=click.Path(path_type=Path), metavar="DIR", help="Record the scan as an entry of this ledger."
)
@click.option(
    "--config", type=click.Path(path_type=Path),
    help="The configuration. Default: garrison.toml or [tool.garrison] in pyproject.toml, at or above the first PATH.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Scan infrastructure as code for what is open.

    PATH is a folder or a file; the current folder if none is given. Terraform, CloudFormation and Kubernetes are told by
    what is in the files. Nothing that is scanned is executed, and no network is used.
    """
    started = time.perf_counter()
    gc.disable()  # a scan makes many objects, and throws few away
    from garrison.scan.scan import scan

    paths: tuple[Path, ...] = options["paths"] or (Path(),)
    if (options["unsafe_fixes"] or options["patch"]) and not options["fix"]:
        raise UsageError("--unsafe-fixes and --patch go with --fix", hint="write: garrison scan --fix ...")
    wanted = _wanted(ctx.meta[_ORDER], options["formats"], options["outputs"], options["patch"])
    settings = _settings(paths, options, defences=any(tells_defences(name) for name, _ in wanted))
    progress, finish = _progress()
    try:
        if options["revision"] is not None:
            from garrison.scan.diff import against

            settings = against(options["revision"], paths, settings, progress=progress)
        fixed = _fixed(paths, settings, options, progress) if options["fix"] else None
        result = scan(paths, settings, progress=progress) if fixed is None else fixed.result
    finally:
        finish()
    if fixed is not None:
        click.echo(_said_of(fixed, options["patch"]), err=True)
    if options["write_baseline"] is not None:
        from garrison.findings.baseline import write_baseline

        write_baseline(options["write_baseline"], [*result.findings, *result.baselined])
    for name, output in wanted:
        _write(name, output, result, _view(output, paths, options, time.perf_counter() - started))
    if options["ledger"] is not None:
        from garrison.scan.record import record

        click.echo(f"recorded as entry {record(options['ledger'], result, paths)} of {options['ledger']}", err=True)
    raise Done(result.exit_code)


def _fixed(paths: tuple[Path, ...], settings: Settings, options: dict[str, Any], progress: Progress) -> Fixed:
    """Mend, or write what would be changed as a patch."""
    from garrison.fix.fix import fix, patch, write

    fixed = fix(paths, settings, unsafe=options["unsafe_fixes"], progress=progress)
    if options["patch"] is None:
        write(fixed.changes)
    else:
        _put(options["patch"], (line.encode("utf8", "surrogateescape") for line in patch(fixed.changes)))
    return fixed


def _said_of(fixed: Fixed, patch: str | None) -> str:
    findings = "1 finding" if fixed.mended == 1 else f"{fixed.mended} findings"
    files = "1 file" if len(fixed.changes) == 1 else f"{len(fixed.changes)} files"
    if not fixed.changes:
        return "nothing here can be mended by --fix"
    return f"mended {findings} in {files}" if patch is None else f"a patch mends {findings} in {files}"


def _wanted(
    order: list[str], formats: tuple[str, ...], outputs: tuple[str, ...], patch: str | None
) -> list[tuple[str, str]]:
    """Each format with where it goes. Raises UsageError where two would go to one place.

    A patch on standard output takes the place of the report there that nobody asked for.
    """
    names, files = iter(formats), iter(outputs)
    found: list[tuple[str, str]] = []
    open_ = False  # whether the last format still waits for its output
    for option in order:
        if option == "formats":
            found.append((next(names), _STDOUT))
            open_ = True
        elif option == "outputs":
            if open_:
                found[-1] = found[-1][0], next(files)
            elif not formats:
                found.append(("terminal", next(files)))
            else:
                raise UsageError(f"-o {next(files)} belongs to no --format", hint="write: --format json -o report.json")
            open_ = False
    found = found or ([("terminal", _STDOUT)] if patch != _STDOUT else [])
    places = [output for _, output in found] + ([patch] if patch is not None else [])
    for place in places:
        if places.count(place) > 1:
            where = "standard output" if place == _STDOUT else place
            raise UsageError(f"two outputs would go to {where}", hint="write -o FILE behind each --format but one")
    return found


def _settings(paths: tuple[Path, ...], options: dict[str, Any], *, defences: bool) -> Settings:
    """The command line over the configuration."""
    from garrison.checks.check import Pillar
    from garrison.checks.frameworks import framework
    from garrison.scan.config import Loaded, Settings, find_config, load, severity_of
    from garrison.sources.helm.values import Given, read_values

    first = paths[0] if paths[0].is_dir() else paths[0].parent
    path = options["config"] or (find_config(first) if paths[0].exists() else None)
    loaded = load(path) if path is not None else Loaded()
    said = loaded.config.scan
    return Settings(
        pillars=frozenset(Pillar(p) for p in options["pillars"] or said.pillars) or frozenset(Pillar),
        checks=frozenset(options["checks"]),
        framework=framework(options["framework"]) if options["framework"] else None,
        own=own_checks(options["own"], options["own_python"], loaded),
        exclude=said.exclude,
        defences=defences,
        helm_values=tuple(Given("*", read_values(path)) for path in options["helm_values"]),
        loaded=loaded,
        baseline=_baseline(options, loaded),
        fail_on=severity_of(options["fail_on"] or said.fail_on),
    )


def _baseline(options: dict[str, Any], loaded: Loaded) -> Baseline | None:
    """The file named on the command line, else in the configuration; a revision to compare with is one by itself."""
    from garrison.findings.baseline import read_baseline

    named, configured = options["baseline"], loaded.config.scan.baseline
    if options["revision"] is not None:
        if named is not None:
            raise UsageError("--baseline and --diff are two baselines", hint="give one of them")
        return None
    path = named or (loaded.beside(configured) if configured else None)
    if path is None or (path == options["write_baseline"] and not path.exists()):
        return None
    return read_baseline(path)


def _view(output: str, paths: tuple[Path, ...], options: dict[str, Any], seconds: float) -> View:
    terminal = output == _STDOUT and sys.stdout.isatty()
    return View(
        everything=options["everything"],
        unknown=options["unknown"],
        colour=terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb",
        width=shutil.get_terminal_size().columns if terminal else _WIDTH,
        seconds=seconds if terminal else None,
        paths=tuple(str(p) for p in paths),
        time_ms=_now_ms(),
        dated=options["dated"],
    )


def _now_ms() -> int:
    """What reproducible builds agreed upon where it is set (reproducible-builds.org, SOURCE_DATE_EPOCH), else the clock's."""
    fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(fixed) * 1000 if fixed.isdecimal() else time.time_ns() // 1_000_000


def _write(name: str, output: str, result: Result, view: View) -> None:
    _put(output, (piece.encode("utf8", "backslashreplace") for piece in form(name).render(result, view)))


def _put(output: str, pieces: Iterator[bytes]) -> None:
    if output == _STDOUT:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()
        return
    try:
        with Path(output).open("wb") as file:
            file.writelines(pieces)
    except OSError as error:
        raise UsageError(
            f"{output} cannot be written: {error.strerror}", hint="name a file in a folder that exists"
        ) from error


def _progress() -> tuple[Callable[[str], None], Callable[[], None]]:
    """What says what is being done, on a terminal only, and what takes it away again."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return lambda _: None, lambda: None

    def say(text: str) -> None:
        sys.stderr.write(f"\r\x1b[2K {text} …")
        sys.stderr.flush()

    def finish() -> None:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()

    return say, finish
