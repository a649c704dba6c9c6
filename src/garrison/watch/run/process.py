"""What each process of a watch does first and last: reads the file that it was given, and hears when it is to end."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from garrison.errors import ExitCode, GarrisonError
from garrison.watch.file.read import Loaded, read

Work = Callable[[Loaded, threading.Event], None]


def begin(work: Work) -> NoReturn:
    """`python -m garrison.watch.PART FILE COPY`: the work until SIGTERM, after which `work` finds its event set."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("garrison").setLevel(logging.INFO)
    try:
        work(read(Path(sys.argv[1]), copy=Path(sys.argv[2])), ended)
    except GarrisonError as error:
        say(str(error))
        sys.exit(error.exit_code)
    sys.exit(ExitCode.CLEAN)


def say(text: str) -> None:
    """Lines for whoever started the watch, in which nothing moves the cursor."""
    from garrison.report.terminal.text import clean

    click.echo("\n".join(clean(line) for line in text.split("\n")), err=True)


class Saying:
    """Says what keeps something waiting, once, and when it goes on."""

    def __init__(self, name: str) -> None:
        self.name, self.why = name, ""

    def waits(self, why: str) -> None:
        """It cannot go on now."""
        if why != self.why:
            say(f"{self.name} waits: {why}")
        self.why = why

    def goes_on(self) -> None:
        """It does."""
        if self.why:
            say(f"{self.name} goes on")
        self.why = ""
