"""`python -m garrison.watch.receive FILE COPY`: started by the watch's supervisor, which starts it again should it end."""

from __future__ import annotations

import threading

from garrison.watch.file.read import Loaded
from garrison.watch.receive.receiver import Receiver
from garrison.watch.run.process import begin


def _work(loaded: Loaded, ended: threading.Event) -> None:
    Receiver(loaded).run(ended)


if __name__ == "__main__":
    begin(_work)
