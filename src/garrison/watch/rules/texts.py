"""Many texts looked for in a field at once. What a field said of late is remembered, as most fields say few things."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

_REMEMBERED: Final = 4096  # values of a field,
_LONGEST: Final = 256  # of so many characters at the most: 4 MB a field, where each takes four bytes
_MEMORY: Final = 256  # that RE2 may take for a byte of the texts, if it comes to need it


class Texts:
    """The texts that rules look for in a field. Each has a bit; `within` tells the bits of those that stand in a value."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._bits = {text: 1 << number for number, text in enumerate(sorted(set(texts)))}
        self.within = _finder(self._bits)

    def bits(self, texts: Iterable[str]) -> int:
        """The bits of some of the texts."""
        return sum(self._bits[text] for text in set(texts))


def _finder(bits: Mapping[str, int]) -> Callable[[str], int]:
    """One search tells that a value holds none of the texts, which is so of almost all values."""
    import re2

    pattern = "|".join(map(re.escape, bits)).encode("utf8", "surrogatepass")
    options = re2.Options()
    options.log_errors = False  # where the memory is too little after all, it only takes longer
    options.max_mem = max(options.max_mem, _MEMORY * len(pattern))
    search = re2.compile(pattern, options).search

    def look(said: str) -> int:
        if search(said.encode("utf8", "surrogatepass")) is None:
            return 0
        found = 0
        for text, bit in bits.items():
            if text in said:
                found |= bit
        return found

    known = lru_cache(_REMEMBERED)(look)
    return lambda said: known(said) if len(said) <= _LONGEST else look(said)
