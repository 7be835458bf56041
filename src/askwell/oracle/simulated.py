"""Oracles: who says what an image shows."""

from collections.abc import Callable

import numpy as np

from askwell.errors import UserError
from askwell.randomness import key

Oracle = Callable[[np.ndarray], np.ndarray]
"""Indices, int64 [Q], to labels, int64 [Q]. The same index always gets the same label."""


class Truth:
    """The simulated oracle: it reads the true labels."""

    def __init__(self, labels: np.ndarray, num_classes: int) -> None:
        self.truth = labels

    def __call__(self, indices: np.ndarray) -> np.ndarray:
        return self.truth[indices]


class Noisy:
    """An oracle that errs: each label is, with probability `rate`, replaced by another class, all
    equally likely.

    Whether and how it errs depends on (seed, index) alone, so that all strategies of a seed meet
    the same mistakes.
    """

    def __init__(self, labels: np.ndarray, num_classes: int, rate: float, seed: int) -> None:
        if not 0 <= rate <= 1:
            raise UserError(f"oracle.rate is a probability: expected 0 to 1, found {rate}")
        self.truth, self.num_classes, self.rate, self.seed = labels, num_classes, rate, seed

    def __call__(self, indices: np.ndarray) -> np.ndarray:
        return np.array([self._answer(int(index)) for index in indices], np.int64)

    def _answer(self, index: int) -> int:
        dice = np.random.default_rng(key("noise", self.seed, index))
        errs, shift = dice.random() < self.rate, int(dice.integers(1, self.num_classes))
        return int(self.truth[index] + errs * shift) % self.num_classes
