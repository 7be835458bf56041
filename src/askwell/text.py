"""Text for people: lists of names, times in few digits, safe names from strangers."""

import io
import logging
import unicodedata
from collections.abc import Sequence
from types import TracebackType
from typing import TextIO

ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def listing(words: Sequence[str]) -> str:
    """The words as part of a sentence: `a, b and c`.

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


def seconds(mean: float, deviation: float | None = None) -> str:
    """A time in seconds with at most two decimals, or in milliseconds below 0.1 s.

    Its deviation has the same unit.

    >>> seconds(0.000371), seconds(1.5), seconds(1234.5, 20)
    ('0.37 ms', '1.50 s', '1,234 ± 20 s')
    """
    scale, unit = (1, "s") if mean >= 0.1 or not mean else (1000, "ms")
    decimals = next(
        (places for least, places in ((99.95, 0), (9.995, 1)) if scale * mean >= least), 2
    )
    numbers = [f"{scale * value:,.{decimals}f}" for value in (mean, deviation) if value is not None]
    return f"{' ± '.join(numbers)} {unit}"


def percent(share: float, decimals: int = 0) -> str:
    """A share as a percentage.

    >>> percent(0.97), percent(0.97314, 2)
    ('97 %', '97.31 %')
    """
    return f"{100 * share:.{decimals}f} %"


def visible(text: str) -> str:
    r"""The text with control characters, line breaks and undecodable bytes escaped: safe to print.

    Names of files and classes come from strangers: an escape sequence in one would reach the
    terminal. Everything else stays as it is, in any script.

    >>> print(visible("caf\udce9 \x1b[31mred"))
    caf\xe9 \x1b[31mred
    """
    return "".join(
        character if character.isprintable() else _written_out(character) for character in text
    )


def writable(text: str) -> str:
    r"""The text with control characters and undecodable bytes escaped, so any file can hold it.

    Everything else stays as it is: joined emoji and unusual spaces too, since files are found by
    name.

    >>> print(writable("caf\udce9 1.png"))
    caf\xe9 1.png
    """
    if text.isprintable():
        return text
    return "".join(
        _written_out(character) if unicodedata.category(character) in ("Cc", "Cs") else character
        for character in text
    )


def _written_out(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python keeps it in a file name
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


class LineFormatter(logging.Formatter):
    """A log record as one line that is safe on a terminal; a traceback keeps its own lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802, named by logging
        return visible(super().formatMessage(record))

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802, named by logging
        return "\n".join(map(visible, super().formatException(ei).splitlines()))


def write_out_unknown(stream: TextIO) -> None:
    """Lets `stream` escape characters that its encoding lacks, as Python's stderr does."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
