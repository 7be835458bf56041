"""One label that somebody has, as a table or an export of Label Studio names it."""

from typing import NamedTuple


class Row(NamedTuple):
    """The name of an image and its label, "" where it has none; `where` it was read, for errors.

    Who gave the label, when, and in how many seconds are known of some.
    """

    where: str
    image: str
    label: str
    who: str = ""
    when: str = ""
    seconds: float | None = None


def seconds_of(value: object) -> float | None:
    """A duration as tables and JSON hold it; None where it is none.

    >>> seconds_of("2.5"), seconds_of(3), seconds_of("long"), seconds_of(-1), seconds_of("nan")
    (2.5, 3.0, None, None, None)
    """
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < float("inf") else None
