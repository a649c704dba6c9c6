"""The quarantine: lines that are no events, encrypted, for a short time, with the reason.

quarantine.py  what the receiver writes, and cannot read back
reading.py     what whoever has the key reads
segment.py     the form of its files
"""
