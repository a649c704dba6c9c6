"""What keeps programs running: processes that are watched over, and files that may change meanwhile.

child.py     a process that is started again when it ends, and does not outlive its guard
stamps.py    whether files have changed
"""
