"""`python -m tests.watch.judge.killed STORE ALERTS RULES`: for each line on the standard input a judge, by fork; its process is printed.

It is killed by whoever asked for it; then `gone` is printed.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from garrison.watch.alerts.store import Alerts
from garrison.watch.judge.judge import Judge, run
from garrison.watch.judge.settings import Baselines, Judging, Rules
from garrison.watch.judge.starting import judge_of
from garrison.watch.store.client import running
from garrison.watch.store.guard import Role


def made(alerts: Alerts, rules: Path) -> Judge:
    """The judge of this test."""
    settings = Judging(rules=Rules(folders=(str(rules),)), baselines=Baselines(learn_days=4))
    return judge_of(alerts, settings, Path, say=_say)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _answer(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """See above."""
    store, path, rules = (Path(said) for said in sys.argv[1:])
    for _ in sys.stdin:
        process = os.fork()
        if process == 0:
            with Alerts.open(path) as alerts:
                run(
                    made(alerts, rules),
                    lambda: running(store, Role.READER),
                    threading.Event(),
                    _say,
                )
        _answer(str(process))
        os.waitpid(process, 0)
        _answer("gone")


if __name__ == "__main__":
    main()
