"""Files that people write for Garrison: read into a form, and where one is wrong, said which key on which line, and what to write.

read.py     a file in TOML or YAML as a value of its form
blame.py    which key is wrong
kinds.py     modules that a file names by their kind
places.py   where keys stand
"""
