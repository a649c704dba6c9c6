"""What is said in the same words everywhere."""

from __future__ import annotations


def counted(number: int, word: str, words: str = "") -> str:
    """`1 file`, `2,000 files`; `words` where a word becomes another."""
    return f"{number:,} {word if number == 1 else words or f'{word}s'}"
