"""Routes: alerts on their way to people and to other programs.

A kind of route is a module in `kinds`: nothing registers it. What is to be told waits in the file of alerts (`outbox.py`), so that it is
told at least once, whatever ends or fails in between; each time under the same key, by which receivers tell doubles.
"""
