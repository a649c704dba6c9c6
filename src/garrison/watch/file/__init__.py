"""The watch file: its form, and what it must not say.

form.py      the tables, each a Struct of the package that it is for
read.py      a file that was read, and the paths that it means
hold.py      what is wrong although the form is right
schema.py    its JSON Schema, for editors
"""
