"""Inputs: how events come in, each acknowledged when it is on the disk.

input.py    what an input is given, and what it has to say of itself
inputs/     a module per way in, found by its name
"""
