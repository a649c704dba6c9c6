"""What a watch file says that would change nothing: names of rules that are not there, folders without rules."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from garrison.errors import nearest
from garrison.watch.file.read import Loaded
from garrison.watch.judge.names import names
from garrison.watch.judge.rulebook import Rulebook
from garrison.watch.rules.read import is_empty


def unheard(loaded: Loaded, book: Rulebook) -> Iterator[str]:
    """A warning for each, with its place and what may be meant."""
    said = loaded.watch
    for number, name in enumerate(said.rules.folders):
        if is_empty(loaded.beside(name)):
            yield loaded.warning(
                ("rules", "folders", number), f"there is no rule in {name}", "a rule ends in .yml or .yaml"
            )
    known = [word for about in book.abouts for word in (about.id, about.name, about.title) if word]
    for number, name in enumerate(said.rules.disabled):
        if name not in known:
            hint = nearest(name, known, "garrison rules list tells them")
            yield loaded.warning(("rules", "disabled", number), f"no rule is called {name}", hint)
    titles = {about.name: about.title for about in book.abouts if about.name}
    told = [word for about in book.abouts for word in (about.id, about.title)] + list(names())
    for table, ones in (("route", said.route), ("response", said.response)):
        for number, one in enumerate(ones):
            for place, pattern in enumerate(one.rules):
                steps = (table, number, "rules", place)
                if not any(fnmatchcase(word, pattern) or fnmatchcase(pattern, word) for word in told):
                    otherwise = (
                        f"write {titles.get(pattern, 'the id or the title of a rule, or the name of a measure')}"
                    )
                    hint = nearest(pattern, told, otherwise)
                    yield loaded.warning(steps, f"nothing that is told is called {pattern}", hint)
