"""How several names are told in a sentence."""

from collections.abc import Sequence


def listing(words: Sequence[str]) -> str:
    """The words as a sentence has them: `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def first_of(words: Sequence[str], most: int = 12) -> str:
    """The first few words, and how many are left."""
    left = len(words) - most
    return listing(words) if left <= 0 else f"{', '.join(words[:most])} and {left} more"
