"""Which asset can open a connection to which port of which other asset, and what the internet can reach.

Sets of addresses and of ports are computed exactly (`sets`), rules as their provider evaluates them (`rules`), and what
is not known stays so: each answer is two sets, what certainly passes and what may.
"""
