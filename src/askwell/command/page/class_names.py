"""The names that classes may have, as people type them."""

from collections.abc import Iterable, Sequence

from askwell.errors import UserError
from askwell.oracle.answers import KINDS
from askwell.text import visible, writable

REFERENCE = "${"
"""Begins a reference to another setting, wherever it is."""
LONGEST = 200
"""Characters of a name at most."""


def named_classes(words: str) -> tuple[str, ...]:
    """Class names as they were typed after --classes.

    >>> named_classes("cat, dog,")
    ('cat', 'dog')
    """
    return tuple(writable(word.strip()) for word in words.split(",") if word.strip())


def with_names(known: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """The `known` classes and more of them. Raises UserError for a name that cannot be one, or is
    taken; then none is added.

    >>> with_names(["cat"], ["dog "])
    ('cat', 'dog')
    """
    classes = list(known)
    for name in (writable(name.strip()) for name in names):
        if fault := _fault_of(name):
            raise UserError(f"a class cannot be called {visible(name)[:50]!r}: {fault}")
        if name in classes:
            raise UserError(f"there is a class {visible(name)} already")
        classes.append(name)
    return tuple(classes)


def _fault_of(name: str) -> str | None:
    if not name:
        return "type a name"
    if name in KINDS:
        return "it is an answer of its own"
    if len(name) > LONGEST:
        return f"it has more than {LONGEST} characters"
    return f"{REFERENCE} refers to a setting" if REFERENCE in name else None
