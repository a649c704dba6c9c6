"""Processes that append to a ledger until they are killed.

    python nursery.py FOLDER SECRET

For each line on its input it forks one. That one says its number, and then `INDEX REASON` of each entry that it was told is
durable; `gone` is said once it has ended. The nursery has no threads and opens no ledger itself, so that forking is safe.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from garrison.ledger import Ledger, writer
from garrison.ledger.note import Ed25519Signer


def main(folder: Path, signer: Ed25519Signer) -> None:
    for number, _ in enumerate(sys.stdin):
        child = os.fork()
        if child == 0:
            write_until_killed(folder, signer, number)
        os.waitpid(child, 0)
        say("gone")


def write_until_killed(folder: Path, signer: Ed25519Signer, number: int) -> None:
    say(f"{os.getpid()}")
    writer.INTERVAL_S = 0.01  # so that many are killed while they write tiles
    ledger = Ledger.open(folder, signer)

    def append(thread: int) -> None:
        for n in range(10**6):
            reason = f"{number}-{thread}-{n}"
            say(f"{ledger.append('note', actor='service:test', reason=reason)} {reason}")

    for thread in range(8):
        threading.Thread(target=append, args=(thread,)).start()
    while True:
        signal.pause()


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # at once, and whole


if __name__ == "__main__":
    main(Path(sys.argv[1]), Ed25519Signer.parse(sys.argv[2]))
