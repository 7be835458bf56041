"""Oracles that hold the truth, for experiments on labelled data."""

import numpy as np
import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.randomness import key


class Truth:
    """The true labels [N] of all images.

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

    All other classes are equally likely.

    Mistakes depend on (seed, index) alone, so all strategies of a seed meet the same ones. Whoever
    asks `again` gets an answer of its own.
    """

    def __init__(self, labels: np.ndarray, num_classes: int, rate: float, seed: int) -> None:
        if not 0 <= rate <= 1:
            raise UserError(f"oracle.rate is a probability: expected 0 to 1, found {rate}")
        self.truth, self.num_classes, self.rate, self.seed = labels, num_classes, rate, seed

    def __call__(self, indices: Tensor) -> Tensor:
        return self.again(indices, torch.zeros_like(indices))

    def again(self, indices: Tensor, times: Tensor) -> Tensor:
        """Answers to images that were asked about so many `times` before, [Q] each."""
        pairs = zip(indices.tolist(), times.tolist(), strict=True)
        return torch.tensor([self._answer(*pair) for pair in pairs]).long()

    def _answer(self, index: int, time: int) -> int:
        again = (time,) if time else ()  # the first answer is that of runs before there was another
        dice = np.random.default_rng(key("noise", self.seed, index, *again))
        errs, shift = dice.random() < self.rate, int(dice.integers(1, self.num_classes))
        return int(self.truth[index] + errs * shift) % self.num_classes
