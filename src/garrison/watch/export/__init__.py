"""Exports: stored events carried on to other systems, each from where it was.

form.py        what an event becomes: OCSF, ECS, CEF
kinds/         a module per way out, found by its name
export.py      from the store to a destination; the store is what waits where one is away
"""
