"""A data set looked at image by image, before labels or hours are spent on it."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np

from askwell.images.chosen import name_of, reading, remarks_of
from askwell.images.contracts import Source, Splits
from askwell.images.pixels import BrokenImageError
from askwell.images.traits import Traits

BLOCK = 1024  # images in memory at a time


@dataclass(frozen=True)
class Inspected:
    """What decoding every image of one split showed. N images."""

    source: Source
    contents: list[str | None]  # [N], a digest of the pixels; None for a broken image
    broken: list[BrokenImageError]
    traits: Traits

    @property
    def lost(self) -> list[int]:
        """The classes of which not one image can be read."""
        readable = [content is not None for content in self.contents]
        return sorted({*self.source.labels.tolist()} - {*self.source.labels[readable].tolist()})

    def name(self, index: int) -> str:
        """The file of an image, or its number where a file holds many."""
        return name_of(self.source, index)


@dataclass(frozen=True)
class Inspection:
    """What decoding every image of a data set showed."""

    train: Inspected
    evaluation: Inspected
    classes: tuple[str, ...]

    @property
    def broken(self) -> list[BrokenImageError]:
        return self.train.broken + self.evaluation.broken

    @property
    def shared(self) -> list[tuple[int, int]]:
        """Pairs of equal images, one to train on and one to evaluate with: these flatter the
        accuracy.
        """
        first = {
            content: index
            for index, content in reversed([*enumerate(self.train.contents)])
            if content
        }
        return [
            (first[content], index)
            for index, content in enumerate(self.evaluation.contents)
            if content in first
        ]

    @property
    def traits(self) -> Traits:
        return self.train.traits + self.evaluation.traits

    @property
    def remarks(self) -> list[str]:
        """What a user should know of the files."""
        return [
            *remarks_of(self.train.source),
            *remarks_of(self.evaluation.source),
            *self.traits.remarks,
        ]

    def counts(self, inspected: Inspected) -> dict[str, int]:
        """Images of each class; those whose label names no class are counted under `no class`."""
        labels = inspected.source.labels
        known = labels[(labels >= 0) & (labels < len(self.classes))]
        counts = dict(
            zip(self.classes, np.bincount(known, minlength=len(self.classes)).tolist(), strict=True)
        )
        strays = len(labels) - len(known)
        return counts | ({"no class": strays} if strays else {})


def inspect(splits: Splits) -> Inspection:
    """Decodes every image of both splits once, in as many threads as there are cores; keeps
    none.
    """
    return Inspection(_inspected(splits.train), _inspected(splits.evaluation), splits.classes)


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
    count = len(source.labels)
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
