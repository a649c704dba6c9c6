"""`python -m garrison.gateway.quota JOB`: started by the gateway's supervisor, which starts it again should it end."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from garrison.errors import ExitCode, GarrisonError

_LOOK_S = 0.02  # between two looks at the feed


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
def main(job: Path) -> None:
    """Count what is used, from the audit feed, until SIGTERM."""
    from garrison.running.stamps import stamps

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ExitCode.CLEAN))
    try:
        while True:
            stamp = stamps([job])
            _count_while(job, lambda stamp=stamp: stamps([job]) == stamp)  # type: ignore[misc]
    except (GarrisonError, OSError) as error:
        click.echo(f"the counter of quotas: {error}", err=True)
        sys.exit(ExitCode.INCOMPLETE)


def _count_while(path: Path, same: Callable[[], bool]) -> None:
    """Count as long as the same is to be counted."""
    from garrison.gateway.quota.counter import Counter
    from garrison.gateway.quota.job import read_job

    counter = Counter(read_job(path), dt.datetime.now(dt.UTC), lambda text: click.echo(text, err=True))
    try:
        while same():
            if counter.look(dt.datetime.now(dt.UTC)):
                time.sleep(_LOOK_S)
    finally:
        counter.close()


if __name__ == "__main__":
    main()
