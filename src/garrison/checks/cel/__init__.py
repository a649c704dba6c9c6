"""The Common Expression Language (CEL, cel.dev), the part of it that checks are written in, over what may be unknown.

`syntax` reads an expression, `compiling` holds it against the fields of a kind and makes it something that can be run,
`operations` says what it means where values are unknown or absent.
"""
