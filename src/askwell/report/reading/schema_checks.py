"""Checks of the values in a run's files. Each returns the value as the report keeps it.

All raise ValueError with the words that follow `expected`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from math import isnan
from typing import Any

from askwell.text import visible

Check = Callable[[Any], Any]

MOST_LETTERS = 100_000
MOST_ITEMS = 100_000
LONGEST_TITLE = 60
COLOUR = re.compile("#[0-9a-fA-F]{6}", re.ASCII)
MARKERS = "osD^vPX<>*phHd8+x.1234"
"""Those of matplotlib's markers that are visible at the size of a line's."""

HIGHEST = 2**53
"""Whole numbers up to here are exact as floating-point numbers, too."""


class MisfitError(ValueError):
    """A value that is not what belongs there; the message names it, with what was found and
    expected.
    """


def whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= HIGHEST:
        raise ValueError("a whole number from 0")
    return value


def share(value: Any) -> float:
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError("a number from 0 to 1")
    return float(value)


def share_or_nan(value: Any) -> float:
    """An accuracy, which a class without evaluation images does not have."""
    return float("nan") if is_nan(value) else share(value)


def amount(value: Any) -> float:
    if not is_number(value) or not 0 <= value <= HIGHEST:
        raise ValueError("a finite number from 0")
    return float(value)


def amount_or_nan(value: Any) -> float:
    return float("nan") if is_nan(value) else amount(value)


def kappa_or_nan(value: Any) -> float:
    """Agreement beyond chance, which the first round does not have."""
    if is_nan(value):
        return float("nan")
    if not is_number(value) or not -1 <= value <= 1:
        raise ValueError("a number from -1 to 1")
    return float(value)


def loss(value: Any) -> float:
    """Any number: a run that diverges has a loss of nan or infinity."""
    if not is_number(value) or (type(value) is int and abs(value) > HIGHEST):
        raise ValueError("a number")
    return float(value)


def text(value: Any) -> str:
    """A text, with control characters and line breaks written out."""
    if not isinstance(value, str) or len(value) > MOST_LETTERS:
        raise ValueError(f"a text of at most {MOST_LETTERS:,} letters")
    return value if value.isprintable() else visible(value)


def name(value: Any) -> str:
    """A text; `name=2026` makes it a number."""
    return str(value) if isinstance(value, bool) or is_number(value) else text(value)


def title(value: Any) -> str:
    """A few words on one line."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TITLE or not value.isprintable():
        raise ValueError(f"a line of at most {LONGEST_TITLE} letters")
    return value


def colour(value: Any) -> str:
    if not isinstance(value, str) or not COLOUR.fullmatch(value):
        raise ValueError("a colour such as #0072b2")
    return value.lower()


def marker(value: Any) -> str:
    if not isinstance(value, str) or len(value) != 1 or value not in MARKERS:
        raise ValueError(f"one of matplotlib's markers {MARKERS}")
    return value


def one_of(*words: str) -> Check:
    def check(value: Any) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return str(value)

    return check


def unknown_or(check: Check) -> Check:
    """None where it is not known."""
    return lambda value: None if value is None else check(value)


def or_none(check: Check) -> Check:
    """None where the check fails: for what a report can do without."""

    def check_or_drop(value: Any) -> Any:
        try:
            return check(value)
        except ValueError:
            return None

    return check_or_drop


def list_of(check: Check) -> Check:
    def check_list(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise ValueError(f"a list of at most {MOST_ITEMS:,}")
        with _within("a list"):
            return tuple(map(check, value))

    return check_list


def by_name(check: Check) -> Check:
    def check_dictionary(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MOST_ITEMS:
            raise ValueError(f"a dictionary of at most {MOST_ITEMS:,}")
        with _within("a dictionary"):
            return dict(zip(map(_key, value), map(check, value.values()), strict=True))

    return check_dictionary


def is_number(value: Any) -> bool:
    return type(value) in (int, float)  # True and False are none


def is_nan(value: Any) -> bool:
    return value is None or (type(value) is float and isnan(value))


@lru_cache(100_000)
def _key(value: str) -> str:
    """The text of a name, one object for each: the rounds of a run name the same classes."""
    return text(value)


@contextmanager
def _within(outer: str) -> Iterator[None]:
    try:
        yield
    except MisfitError:
        raise
    except ValueError as error:
        raise ValueError(f"{outer} with {error} for each item") from None
