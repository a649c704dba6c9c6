"""`python -m garrison.gateway.authorise`: started by the gateway's supervisor, or beside an Envoy of one's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from garrison.errors import ExitCode, GarrisonError


@click.command()
@click.option("--bundle", required=True, type=click.Path(path_type=Path), help="The policies and models to decide by.")
@click.option("--socket", "socket_path", type=click.Path(path_type=Path), help="The Unix socket to listen on.")
@click.option("--address", default="", metavar="HOST:PORT", help="The loopback address to listen on instead.")
@click.option("--secret-file", type=click.Path(path_type=Path), help="What Envoy must send in x-garrison-secret.")
@click.option("--processes", type=click.IntRange(1, 256), default=2, show_default=True)
@click.option("--with-parent", is_flag=True, help="End when the process that started it ends.")
def main(
    bundle: Path,
    *,
    socket_path: Path | None,
    address: str,
    secret_file: Path | None,
    processes: int,
    with_parent: bool,
) -> None:
    """Decide for Envoy's ext_authz what the gateway's table leaves open."""
    from garrison.gateway.authorise.server import end_with, read_secret, serve

    if with_parent:
        end_with(os.getppid())
    try:
        secret = read_secret(secret_file) if secret_file else b""
        serve(bundle, socket_path=socket_path, address=address, secret=secret, processes=processes)
    except GarrisonError as error:
        click.echo(str(error), err=True)
        sys.exit(ExitCode.USAGE)


if __name__ == "__main__":
    main()
