"""Appends to pymerkle's tree on SQLite from several threads: prints entries a second, and the 99th percentile in ms.

    python appends.py FOLDER WRITERS ENTRIES BYTES

Each entry is committed before its writer goes on, with SQLite's own settings, which make it durable.
"""

from __future__ import annotations

import importlib
import sys
import threading
import time


def main(folder: str, writers: int, entries: int, size_bytes: int) -> None:
    tree = importlib.import_module("pymerkle").SqliteTree(f"{folder}/tree.db")
    entry = b"x" * size_bytes
    took_s: list[float] = []

    def append() -> None:
        for _ in range(entries // writers):
            started = time.perf_counter()
            tree.append_entry(entry)
            took_s.append(time.perf_counter() - started)

    threads = [threading.Thread(target=append) for _ in range(writers)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(took_s) / (time.perf_counter() - started), sorted(took_s)[len(took_s) * 99 // 100] * 1000)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
