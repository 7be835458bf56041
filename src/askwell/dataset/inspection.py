"""A data set looked at image by image, before labels or hours are spent on it."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import numpy as np

from askwell.dataset.chosen import name_of
from askwell.dataset.images import Source, Splits
from askwell.dataset.pixels import BrokenImageError

BLOCK = 1024  # images in memory at a time


@dataclass(frozen=True)
class Inspected:
    """What decoding every image of one split showed. N images."""

    source: Source
    contents: list[str | None]  # [N], a digest of the pixels; None for a broken image
    broken: list[BrokenImageError]

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
        """Pairs of equal images, one to train on and one to evaluate with: these flatter the accuracy."""
        first = {content: index for index, content in reversed([*enumerate(self.train.contents)]) if content}
        return [(first[content], index) for index, content in enumerate(self.evaluation.contents) if content in first]

    def counts(self, inspected: Inspected) -> dict[str, int]:
        """Images of each class; those whose label names no class are counted under `no class`."""
        labels = inspected.source.labels
        counts = {name: int(np.sum(labels == number)) for number, name in enumerate(self.classes)}
        strays = len(labels) - sum(counts.values())
        return counts | ({"no class": strays} if strays else {})


def inspect(splits: Splits) -> Inspection:
    """Decodes every image of both splits once, in as many threads as there are cores; keeps none."""
    return Inspection(_inspected(splits.train), _inspected(splits.evaluation), splits.classes)


def _inspected(source: Source) -> Inspected:
    found = list(_examined(source))
    broken = [outcome for outcome in found if isinstance(outcome, BrokenImageError)]
    return Inspected(source, [outcome if isinstance(outcome, str) else None for outcome in found], broken)


def _examined(source: Source) -> Iterator[str | BrokenImageError]:
    count = len(source.labels)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, count, BLOCK):
            yield from threads.map(partial(_content, source), range(start, min(start + BLOCK, count)))


def _content(source: Source, index: int) -> str | BrokenImageError:
    try:
        return sha256(source.decode(index).tobytes()).hexdigest()
    except BrokenImageError as error:
        return error
