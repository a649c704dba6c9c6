"""The quarantine: lines that are no events, encrypted, for a short time, with the reason.

quarantine.py  what the receiver writes, and cannot read back
reading.py     what whoever has the key reads
retry.py       what has become an event since
segment.py     the form of its files
"""
