"""Between receiving and storing: what is acknowledged is here, on the disk, until the store has it.

spool = Spool.open(folder, COLUMNS)
spool.append(batch)           # durable when it returns
taken = spool.take()          # the next events, the same ones again after a crash
spool.done(taken)             # and they are forgotten
"""

from __future__ import annotations

from garrison.watch.spool.spool import Batch, Spool, Taken

__all__ = ["Batch", "Spool", "Taken"]
