"""Where events are kept: a table of ClickHouse, on this machine (chdb, in a process of its own) or in a cluster.

with connected(folder, Role.WRITER) as client:
    Keeper(client, spool, ledger).keep()
"""

from __future__ import annotations
