"""Sigma rules (https://sigmahq.io/sigma-specification/), judged one event at a time while events come in.

read.py       files to rules, each with its place; what cannot be read is told and stops nothing
refer.py      rules beside each other: doubles, names, and which of them can be judged as events come
term.py       what a rule asks of an event: predicates joined by all, any and not; and the plain meaning of each
narrow.py     what is left of a term where one field is known
texts.py      the texts that rules look for in a field, all at once; what fields said of late is remembered
code.py       terms to one Python function, in which each test is made once at most
matcher.py    which rules fit an event: by the value of one telling field first, then by that function
"""
