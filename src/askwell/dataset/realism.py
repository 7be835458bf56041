"""What real pools have and benchmarks lack: rare classes, copies, images of no class."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from askwell.errors import UserError
from askwell.images.contracts import STRANGER, Images, truth_of
from askwell.images.near_copies import NearCopies
from askwell.images.open_dataset import OpenDataset
from askwell.images.selection import class_number
from askwell.images.view import View
from askwell.randomness import key

Strangers = str | int | Sequence[str | int]
"""Classes by name or number; a single one may stand for itself."""


@dataclass(frozen=True, kw_only=True)
class Realism:
    """Changes the training images of any data set that knows its labels. Nothing is stored again.

    `strangers` are classes, by name or number, that are no longer asked for: their images stay in
    the pool, and the answer to them is `none of these`. `long_tail` is how many times as many
    images the first class has as the last. With `copies` m the pool has as many images as before,
    of which m each are an image and its near-copies, moved by up to `shift` pixels and `noise`
    levels of 255. The evaluation images of all classes that are asked for stay as they are.

    `seed` decides what is drawn; it is not the seed of the run, since the data set is the same in
    all runs of a study.
    """

    strangers: Strangers | None = None
    long_tail: float | None = None
    copies: int | None = None
    shift: int = 1
    noise: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.long_tail is not None and not self.long_tail >= 1:
            raise UserError(f"realism.long_tail={self.long_tail}: expected a ratio of 1 or more")
        for name, least in (("copies", 2), ("shift", 0), ("noise", 0)):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int) and value >= least):
                raise UserError(f"realism.{name}={value}: expected a whole number from {least} on")

    def __call__(self, dataset: OpenDataset) -> OpenDataset:
        """The data set so changed; the same one where nothing is set. Raises UserError where its
        labels are not known, or where too little would be left.
        """
        if self.strangers is None and self.long_tail is None and self.copies is None:
            return dataset
        if not dataset.knows_truth or len(dataset.held):
            raise UserError(
                "realism= needs a data set that has all its labels and an evaluation set: leave it "
                "out where people are asked"
            )
        known = dataset if self.strangers is None else self._without(dataset, self.strangers)
        return replace(known, train=self._redundant(self._tailed(known)))

    def _without(self, dataset: OpenDataset, strangers: Strangers) -> OpenDataset:
        """The data set whose classes lack the strangers."""
        names = [strangers] if isinstance(strangers, str | int) else strangers
        numbers = {class_number(name, dataset.classes, "realism.strangers") for name in names}
        kept = [number for number in range(len(dataset.classes)) if number not in numbers]
        if len(kept) < 2:
            raise UserError("realism.strangers leaves fewer than 2 classes: name fewer of them")
        renumbered = np.full(len(dataset.classes), STRANGER)
        renumbered[kept] = range(len(kept))
        of_train, of_evaluation = (
            renumbered[truth_of(images)] for images in (dataset.train, dataset.evaluation)
        )
        measured = np.flatnonzero(of_evaluation >= 0)
        return replace(
            dataset,
            train=View(dataset.train, np.arange(len(of_train)), of_train),
            evaluation=View(dataset.evaluation, measured, of_evaluation[measured]),
            classes=tuple(dataset.classes[number] for number in kept),
        )

    def _tailed(self, dataset: OpenDataset) -> Images:
        """The training images with a long tail: of class c of C at most n ρ^(-c / (C - 1)) images,
        where n are those of the largest (Cui et al., CVPR 2019).
        """
        if self.long_tail is None:
            return dataset.train
        truth, last = truth_of(dataset.train), len(dataset.classes) - 1
        largest = np.bincount(truth[truth >= 0]).max()
        order = self._generator("long tail").permutation(len(truth))
        kept = [np.flatnonzero(truth < 0)]
        for number in range(last + 1):
            most = max(round(largest * self.long_tail ** (-number / last)), 1)
            kept.append(order[truth[order] == number][:most])
        return chosen(dataset.train, np.sort(np.concatenate(kept)))

    def _redundant(self, train: Images) -> Images:
        """As many images as `train` has, in families of one image and its near-copies."""
        if self.copies is None:
            return train
        families = len(train) // self.copies
        if families < 2:
            raise UserError(f"realism.copies={self.copies} of {len(train)} images: set it lower")
        drawn = self._generator("copies").permutation(len(train))[:families]
        whole = chosen(train, np.repeat(np.sort(drawn), self.copies))
        copies = np.arange(len(whole)) % self.copies > 0
        difference = (self.shift, self.noise, self.seed)
        return NearCopies(whole.images, whole.indices, copies, *difference, whole.truth)

    def _generator(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng(key(purpose, self.seed))


def chosen(images: Images, places: np.ndarray) -> View:
    """The images at `places` [N], as one view of what is stored."""
    if isinstance(images, View):
        return View(images.images, images.indices[places], images.truth[places])
    return View(images, places)
