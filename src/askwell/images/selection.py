"""A data set with some of its classes: what `dataset.classes` asks for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from askwell.errors import UserError
from askwell.images.chosen import Chosen
from askwell.images.contracts import Splits, truth_of
from askwell.images.fingerprint import digest


@dataclass(frozen=True)
class ClassSubset(Chosen):
    """The images of `source` whose class is among `numbers`; their labels are positions in
    `numbers`.
    """

    numbers: tuple[int, ...]

    @cached_property
    def indices(self) -> np.ndarray:
        """Where the images are in the source, int64 [N]."""
        return np.flatnonzero(np.isin(truth_of(self.source), self.numbers))

    @cached_property
    def truth(self) -> np.ndarray:
        """The true class of each image, int64 [N]."""
        order, truth = np.argsort(self.numbers), truth_of(self.source)
        return order[np.searchsorted(self.numbers, truth[self.indices], sorter=order)]

    @property
    def stamp(self) -> str:
        """Changes with the source and with the choice of classes."""
        return digest(self.source.stamp, *self.numbers)


def select_classes(splits: Splits, classes: Sequence[str | int]) -> Splits:
    """Both splits with the given classes only, in the given order. Raises UserError for unknown or
    repeated classes.
    """
    if isinstance(classes, str | int):
        raise UserError(f"dataset.classes must be a list, write dataset.classes=[{classes},…]")
    known = {name: number for number, name in reversed([*enumerate(splits.classes)])}
    numbers = tuple(
        known[name] if name in known else class_number(name, splits.classes)
        for name in map(str, classes)
    )
    names = tuple(splits.classes[number] for number in numbers)
    if repeated := sorted(name for name, count in Counter(names).items() if count > 1):
        raise UserError(
            f"dataset.classes names {', '.join(repeated)} more than once: name every class once"
        )
    evaluation = None if splits.evaluation is None else ClassSubset(splits.evaluation, numbers)
    return Splits(ClassSubset(splits.train, numbers), evaluation, names)


def class_number(name: str | int, classes: Sequence[str], setting: str = "dataset.classes") -> int:
    """The position of a class given by name or by number; a class *called* 7 takes precedence over
    class number 7. Raises UserError, which names the `setting`, for one that is not there.
    """
    text = str(name)
    if text in classes:
        return classes.index(text)
    if text.isdecimal() and int(text) < len(classes):
        return int(text)
    raise UserError(f"unknown class {text!r} in {setting}: {_suggestion(text, classes)}")


def _suggestion(name: str, classes: Sequence[str]) -> str:
    if name.lstrip("-").isdecimal():
        return f"the classes have numbers from 0 to {len(classes) - 1}"
    spellings = {known.casefold(): known for known in classes}
    nearest = get_close_matches(name.casefold(), spellings, n=1, cutoff=0)
    return f"the nearest is {spellings[nearest[0]]!r}"
