"""Names in sentences, and foreign names on a terminal."""

from collections.abc import Sequence


def listing(words: Sequence[str]) -> str:
    """The words as a sentence has them: `a, b and c`.

    >>> listing(["lc", "sm", "lm"])
    'lc, sm and lm'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def first_of(words: Sequence[str], most: int = 12) -> str:
    """The first few words, and how many are left.

    >>> first_of(["a", "b", "c", "d"], most=2)
    'a, b and 2 more'
    """
    left = len(words) - most
    return listing(words) if left <= 0 else f"{', '.join(words[:most])} and {left} more"


def visible(text: str) -> str:
    r"""The text with control characters, line breaks and undecodable bytes written out, safe to print anywhere.

    Names of files and classes come from strangers: an escape sequence in one would reach the terminal. Everything else
    stays as it is, in any script.

    >>> print(visible("caf\udce9 \x1b[31mred"))
    caf\xe9 \x1b[31mred
    """
    return "".join(character if character.isprintable() else _written_out(character) for character in text)


def _written_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python keeps it in a file name
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
