"""`garrison scan`."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import click


@click.command(name="scan")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def command(paths: tuple[Path, ...]) -> None:
    """Scan infrastructure as code for what is open."""
    gc.disable()
    from garrison.scan.scan import scan

    result = scan(paths or (Path(),))
    for finding in result.findings:
        click.echo(f"{finding.severity:9} {finding.check.id:28} {finding.asset.address}  {finding.place}")
    for problem in result.problems:
        click.echo(f"problem  {problem.path}:{problem.line}  {problem.message}", err=True)
    click.echo(
        f"{result.files} files, {result.assets} assets, {len(result.findings)} findings, {len(result.undecided)} unknown"
    )
    sys.exit(result.exit_code)
