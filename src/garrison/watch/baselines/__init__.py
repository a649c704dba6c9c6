"""What is normal, per client, model, principal and host, and what is not.

hour.py      what one subject did in an hour: counts and sketches; hours add up
season.py    one measure over the hours of the week: what to expect, and how far off is usual
novelty.py   values never seen of a subject: a peer, a country, a program
baseline.py  a subject's seasons and novelties: judge an hour, then learn from it
keep.py      states to bytes and back

A baseline says what it does not know yet: `Basis` tells what an expectation rests on, and a cold one judges nothing.
"""
