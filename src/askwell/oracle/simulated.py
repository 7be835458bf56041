"""Oracles that hold the truth, for experiments on labelled data."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.images.selection import class_number
from askwell.randomness import key
from askwell.text import visible

Confusion = Mapping[str | int, Mapping[str | int, float]]
"""True class to what it is taken for, and how often."""

SETTING = "oracle.confusion"


class Truth:
    """The true labels [N] of all images; images of no class are `none of these`.

    >>> oracle = Truth(np.array([2, 0, 1]), num_classes=3)
    >>> oracle(torch.tensor([0, 2]))
    tensor([2, 1])
    """

    def __init__(self, labels: np.ndarray, num_classes: int) -> None:
        self.truth = torch.as_tensor(labels)

    def __call__(self, indices: Tensor) -> Tensor:
        return self.truth[indices]


class Noisy:
    """The truth with mistakes: with probability `rate` a label is another class.

    All other classes are equally likely, unless `confusion` says what images of a class are taken
    for: `{cat: {dog: 0.2}}` calls every fifth cat a dog and is right about the others. Classes are
    given by name or number; those that it does not name are mistaken at `rate`.

    Mistakes depend on (seed, index) alone, so all strategies of a seed meet the same ones. Images
    of no class are always recognised as such. Whoever asks `again` gets an answer of its own.
    """

    sees_classes: ClassVar[bool] = True

    def __init__(
        self,
        labels: np.ndarray,
        num_classes: int,
        rate: float,
        seed: int,
        confusion: Confusion | None = None,
        classes: Sequence[str] | None = None,
    ) -> None:
        if not 0 <= rate <= 1:
            raise UserError(f"oracle.rate is a probability: expected 0 to 1, found {rate}")
        self.truth, self.num_classes, self.rate, self.seed = labels, num_classes, rate, seed
        names = classes or tuple(map(str, range(num_classes)))
        self.shares = {} if confusion is None else shares_of(confusion, names)

    def __call__(self, indices: Tensor) -> Tensor:
        return self.again(indices, torch.zeros_like(indices))

    def again(self, indices: Tensor, times: Tensor) -> Tensor:
        """Answers to images that were asked about so many `times` before, [Q] each."""
        pairs = zip(indices.tolist(), times.tolist(), strict=True)
        return torch.tensor([self._answer(*pair) for pair in pairs]).long()

    def _answer(self, index: int, time: int) -> int:
        truth = int(self.truth[index])
        if truth < 0:
            return truth
        again = (time,) if time else ()  # the first answer is that of runs before there was another
        dice = np.random.default_rng(key("noise", self.seed, index, *again))
        if truth in self.shares:
            return int(dice.choice(self.num_classes, p=self.shares[truth]))
        errs, shift = dice.random() < self.rate, int(dice.integers(1, self.num_classes))
        return (truth + errs * shift) % self.num_classes


def shares_of(confusion: Confusion, classes: Sequence[str]) -> dict[int, np.ndarray]:
    """What the images of each class that `confusion` names are called: shares [C] that sum to 1.

    >>> shares_of({"cat": {"dog": 0.25}}, ("cat", "dog"))
    {0: array([0.75, 0.25])}
    """
    found = {}
    for name, others in confusion.items():
        truth, shares = class_number(name, classes, SETTING), np.zeros(len(classes))
        for other, share in others.items():
            shares[class_number(other, classes, SETTING)] = share
        shares[truth] = 0  # what is left of them
        if not (shares >= 0).all() or not shares.sum() <= 1:
            raise UserError(
                f"{SETTING} holds shares of {visible(str(name))} that are below 0 or above 1 "
                "together: write {class: {what it is taken for: 0.2}}"
            )
        shares[truth] = 1 - shares.sum()
        found[truth] = shares
    return found
