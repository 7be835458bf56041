"""Inspection of a data set, image by image, before labels or hours are spent on it."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np

from askwell.images.chosen import name_of, reading, remarks_of
from askwell.images.contracts import UNKNOWN, Source, Splits, classes_in
from askwell.images.pixels import BrokenImageError
from askwell.images.traits import Traits

BLOCK = 1024  # images in memory at a time


@dataclass(frozen=True)
class Inspected:
    """The outcome of decoding every image of one split. N images."""

    source: Source
    contents: list[str | None]  # [N], a digest of the pixels; None for a broken image
    broken: list[BrokenImageError]
    traits: Traits

    @property
    def lost(self) -> list[int]:
        """The classes without a single readable image."""
        readable = [content is not None for content in self.contents]
        truth = self.source.truth
        return [] if truth is None else sorted(classes_in(truth) - classes_in(truth[readable]))

    def name(self, index: int) -> str:
        """The file of an image, or its number where a file holds many."""
        return name_of(self.source, index)


@dataclass(frozen=True)
class Inspection:
    """The outcome of decoding every image of a data set."""

    train: Inspected
    evaluation: Inspected | None  # None where a sample of the training set is asked about
    classes: tuple[str, ...]

    @property
    def splits(self) -> list[tuple[Inspected, str]]:
        """Each split with its name."""
        evaluation = [] if self.evaluation is None else [(self.evaluation, "evaluation")]
        return [(self.train, "training"), *evaluation]

    @property
    def broken(self) -> list[BrokenImageError]:
        return [error for split, _ in self.splits for error in split.broken]

    @property
    def shared(self) -> list[tuple[int, int]]:
        """Pairs of equal images, one in each split: these flatter the accuracy."""
        first = {
            content: index
            for index, content in reversed([*enumerate(self.train.contents)])
            if content
        }
        evaluated = [] if self.evaluation is None else self.evaluation.contents
        return [
            (first[content], index) for index, content in enumerate(evaluated) if content in first
        ]

    @property
    def repeated(self) -> list[tuple[int, int]]:
        """Pairs of equal images where a sample of them is held out: one of a pair may be trained
        on, and the other evaluated with.
        """
        if self.evaluation is not None:
            return []
        first: dict[str, int] = {}
        readable = ((index, found) for index, found in enumerate(self.train.contents) if found)
        places = ((first.setdefault(content, index), index) for index, content in readable)
        return [(one, other) for one, other in places if one != other]

    @property
    def traits(self) -> Traits:
        return sum((split.traits for split, _ in self.splits), Traits())

    @property
    def remarks(self) -> list[str]:
        """What a user should know about the files."""
        of_files = [remark for split, _ in self.splits for remark in remarks_of(split.source)]
        return [*of_files, *self.traits.remarks]

    def counts(self, inspected: Inspected) -> dict[str, int]:
        """Images of each class; those whose label names no class are counted under `no class`,
        those without a label under `no label` where labels are asked for.
        """
        truth = inspected.source.truth
        labels = np.full(len(inspected.source), UNKNOWN) if truth is None else truth
        asked = np.count_nonzero(labels == UNKNOWN) if self.evaluation is None else 0
        known = labels[(labels >= 0) & (labels < len(self.classes))]
        counts = dict(
            zip(self.classes, np.bincount(known, minlength=len(self.classes)).tolist(), strict=True)
        )
        rest = {"no label": int(asked), "no class": len(labels) - len(known) - int(asked)}
        return counts | {name: count for name, count in rest.items() if count}


def inspect(splits: Splits) -> Inspection:
    """Decodes every image of both splits once, with one thread per core; keeps none of them."""
    evaluation = None if splits.evaluation is None else _inspected(splits.evaluation)
    return Inspection(_inspected(splits.train), evaluation, splits.classes)


def _inspected(source: Source) -> Inspected:
    contents: list[str | None] = []
    broken, traits = [], Traits()
    for outcome in _examined(source):
        if isinstance(outcome, BrokenImageError):
            contents.append(None)
            broken.append(outcome)
        else:
            contents.append(outcome[0])
            traits += outcome[1]
    return Inspected(source, contents, broken, traits)


def _examined(source: Source) -> Iterator[tuple[str, Traits] | BrokenImageError]:
    count = len(source)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, count, BLOCK):
            yield from threads.map(
                partial(_examine, source), range(start, min(start + BLOCK, count))
            )


def _examine(source: Source, index: int) -> tuple[str, Traits] | BrokenImageError:
    """A digest of the pixels and the traits of one image."""
    try:
        read = reading(source, index)
    except BrokenImageError as error:
        return error
    return sha256(read.pixels.tobytes()).hexdigest(), Traits.of([read])
