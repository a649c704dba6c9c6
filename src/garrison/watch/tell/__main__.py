"""`python -m garrison.watch.tell FILE COPY`: started by the watch's supervisor, which starts it again should it end."""

from __future__ import annotations

import threading

from garrison.watch.file.read import Loaded
from garrison.watch.run.process import begin
from garrison.watch.run.told import Beating, Telling
from garrison.watch.tell.tell import tell


def _work(loaded: Loaded, ended: threading.Event) -> None:
    with Telling(loaded.state, "tell", Beating):
        tell(loaded.telling, loaded.alerts, loaded.ledger, ended, beside=loaded.beside)


if __name__ == "__main__":
    begin(_work)
