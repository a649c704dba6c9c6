"""`python -m garrison.gateway.issuers JOB`: started by the gateway's supervisor, which starts it again should it end."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import click
import msgspec

from garrison.errors import ConfigError, ExitCode, GarrisonError
from garrison.gateway.issuers.job import FETCHED, Fetched, Job, read_fetched, read_job
from garrison.gateway.issuers.key_set import KeyServer, fetch

_AGAIN_S, _MOST_S = 1.0, 30.0  # after a failure: at first, and at the most


class Keeper:
    """Has the key sets of all issuers in one file."""

    def __init__(self, job: Job) -> None:
        self._path, self._servers = Path(job.folder) / FETCHED, job.servers
        self._guard, self._failed = threading.Lock(), threading.Event()
        self._fetched = {n: f for n, f in read_fetched(self._path).items() if self._servers.get(n) == f.server}

    def run(self) -> None:
        """Until a key set cannot be written: then it is better to be started again."""
        for name, server in self._servers.items():
            threading.Thread(target=self._follow, args=(name, server), daemon=True).start()
        self._failed.wait()

    def _follow(self, name: str, server: KeyServer) -> None:
        pause_s, before = _AGAIN_S, ""
        while not self._failed.is_set():
            try:
                self._keep(name, Fetched(server, fetch(server)))
            except ConfigError as error:
                without = name not in self._fetched
                if str(error) != before:
                    what = "nobody is let in by its tokens" if without else "those of before are used"
                    click.echo(f"the keys of {name} cannot be had: {error}\n  {what} until they can", err=True)
                before = str(error)
                wait_s, pause_s = pause_s, min(pause_s * 2, _MOST_S)
            except OSError as error:
                click.echo(f"the keys of {name} cannot be kept: {error}", err=True)
                self._failed.set()
                return
            else:
                if before:
                    click.echo(f"the keys of {name} are here again", err=True)
                wait_s, pause_s, before = server.every_s, _AGAIN_S, ""
            self._failed.wait(min(wait_s, server.every_s))

    def _keep(self, name: str, found: Fetched) -> None:
        from garrison.gateway.run.publish import replace

        with self._guard:
            if self._fetched.get(name) != found:
                self._fetched[name] = found
                replace(self._path, msgspec.json.encode(self._fetched, order="sorted"))


@click.command()
@click.argument("job", type=click.Path(path_type=Path))
def main(job: Path) -> None:
    """Fetch the keys of issuers, again and again, until SIGTERM."""
    try:
        Keeper(read_job(job)).run()
    except (GarrisonError, OSError, msgspec.DecodeError) as error:
        click.echo(f"the keys of issuers: {error}", err=True)
    sys.exit(ExitCode.INCOMPLETE)


if __name__ == "__main__":
    main()
