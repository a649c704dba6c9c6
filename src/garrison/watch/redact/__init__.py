"""Redaction: what must not be kept is taken out of a line before anything else sees it.

settings.py     [[redact]] of the watch file
path.py         fields of records: $.input.email, $..password, $.items[*].name; fields.py has the rules about them
patterns.toml   what addresses, cards, tokens look like; patterns.py reads it; texts.py has the rules about them
records.py      JSON, written anew where something in it changes
redactor.py     lines in, redacted lines out
"""
