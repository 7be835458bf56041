"""A query between the moment it is chosen and the moment it is answered."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from askwell.loop.relabelling import Doubtful
from askwell.randomness import generator

Ranked = list[tuple[int, float | None]]
"""Indices, best first, with their scores where the strategy has any."""


class Pending(NamedTuple):
    """A query that is not settled: a ranked list, and before round 0 also evaluation images."""

    ranked: Ranked
    round: int  # the first round that will train on the labels
    size: int  # how many labels settle it
    evaluation: list[int]  # images whose answers are for evaluation only
    former: Ranked = []  # noqa: RUF012, of the query before, and not answered when it settled
    again: Doubtful = []  # noqa: RUF012, images that have a label

    @classmethod
    def of(cls, state: Sequence[Any]) -> "Pending":
        """The query that a checkpoint holds; an older one has fewer fields."""
        ranked, round, size, evaluation, *later = state
        former, again = [*later, [], []][:2]
        lists = ranked_of(ranked), round, size, evaluation, ranked_of(former)
        return cls(*lists, [(index, score, probs) for index, score, probs in again])

    @property
    def labelled(self) -> list[int]:
        """The images that are asked about again."""
        return [index for index, *_ in self.again]

    @property
    def training(self) -> Ranked:
        """The images whose labels are trained on."""
        return [*self.ranked, *self.former]

    @property
    def images(self) -> list[int]:
        """All images that are asked about for the first time, in the order in which people see
        them.

        Those for evaluation and as many as are wanted are one shuffled list; the others follow.
        """
        training = [index for index, _ in self.training]
        if not self.evaluation:
            return training
        chosen = training[: self.size] + self.evaluation
        order = torch.randperm(len(chosen), generator=generator("asked first", len(chosen)))
        return [chosen[place] for place in order.tolist()] + training[self.size :]


class Settled(NamedTuple):
    """The Q labels that a query bought, best first; fewer than asked if people could not tell."""

    indices: Tensor  # int64 [Q]
    labels: Tensor  # int64 [Q]
    scores: Tensor | None  # float32 [Q]


def ranked_of(pairs: Iterable[Sequence[Any]]) -> Ranked:
    """Indices and scores, as a checkpoint holds them."""
    return [(index, score) for index, score in pairs]
