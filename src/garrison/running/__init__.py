"""What keeps programs running: processes that are watched over, and files that may change meanwhile.

alone.py     one guard of a state folder at a time, and the signals it hears
child.py     a process that is started again when it ends, and does not outlive its guard
job.py       what a process is told by its guard
stamps.py    whether files have changed
"""
