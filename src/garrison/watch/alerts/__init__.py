"""Alerts: what detectors notice, told once, put together, and carried on to people.

signal.py    what a detector says
alert.py     signals that say the same, and what happened to them
incident.py  which alerts belong together
silence.py   what is told to nobody for a while
store.py     alerts as the judge records them and everybody reads them; `database.py` is the file
"""
