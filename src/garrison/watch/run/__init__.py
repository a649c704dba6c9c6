"""A watch that runs: processes that know each other by what is on the disk only, and one that watches over them.

supervisor.py   starts them, starts again what ends, and gives them a file that has changed if it is right
process.py      what each of them does first and last
told.py         what each tells of itself, every second, in a file of its own
status.py       what they have told, put together
__main__.py     the same for Prometheus
"""
