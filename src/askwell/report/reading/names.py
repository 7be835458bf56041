"""Names of files and anchors that hold foreign text."""

import re
from collections.abc import Sequence
from unicodedata import normalize
from zlib import crc32

LONGEST = 80  # characters of a name in a file name, which the system limits to 255


def distinct(names: Sequence[str]) -> list[str]:
    """The names, each with a number where an earlier one is the same but for capitals.

    >>> distinct(["a", "b", "A"])
    ['a', 'b', 'A-2']
    """
    taken: dict[str, int] = {}
    chosen = []
    for name in names:
        key, unique = alike(name), name
        while alike(unique) in taken:
            taken[key] += 1
            unique = f"{name}-{taken[key]}"
        taken[alike(unique)] = 1
        chosen.append(unique)
    return chosen


def alike(name: str) -> str:
    """What is equal for names that some file systems take for one."""
    return normalize("NFKC", name).casefold()


def slug(text: str) -> str:
    """The text as part of a file name or anchor; with a checksum if it is long or has capitals."""
    name = re.sub(r"[^\w.-]+", "-", text).strip("-.").lower()
    return (
        name
        if 0 < len(name) <= LONGEST and text == text.lower()
        else f"{name[:LONGEST]}-{checksum(text)}"
    )


def checksum(text: str) -> str:
    """Eight hexadecimal digits that differ for texts that begin alike."""
    return f"{crc32(text.encode()):08x}"
