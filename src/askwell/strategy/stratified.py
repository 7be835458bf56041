"""Stratified queries: a strategy's first choices of every predicted class, for long tails."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.strategy.base import Strategy
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.look import Look, probabilities


@dataclass(frozen=True)
class Stratified:
    """Shares a part of the query equally over the classes that the network predicts, and leaves the
    rest to the strategy (after ClaSP).

    A class that has too few images leaves its share to the others. The strategy is asked for the
    order of the whole pool: take one that scores images, or a stochastic one.
    """

    title: ClassVar[str] = "stratified"
    colour: ClassVar[str] = "#6699cc"
    marker: ClassVar[str] = "+"

    strategy: Strategy
    share: float = 2 / 3

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise UserError(f"strategy.share={self.share}: expected from 0 to 1")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        positions, scores = self.strategy(candidates, len(candidates), generator)
        classes = candidates.collect(likeliest)[positions]
        chosen = shared(classes, size, round(self.share * size))
        return Query(positions[chosen], None if scores is None else scores[chosen])


def likeliest(look: Look) -> Tensor:
    """The predicted class, [B]."""
    return probabilities(look).argmax(dim=1)


def shared(classes: Tensor, size: int, equally: int) -> Tensor:
    """Up to `size` places [Q] of a ranking of images with `classes` [N]: `equally` of them the
    first of each class, then the second of each, and so on; the rest are the first that are left.

    >>> shared(torch.tensor([7, 7, 7, 7, 3, 7, 3]), size=5, equally=4)
    tensor([0, 4, 1, 6, 2])
    """
    order = classes.argsort(stable=True)
    counts = classes.unique(return_counts=True)[1].tolist()
    turns = torch.empty_like(order)
    turns[order] = torch.cat([torch.arange(0), *map(torch.arange, counts)])
    first = turns.argsort(stable=True)[: min(equally, size)]
    left = torch.ones(len(classes), dtype=torch.bool)
    left[first] = False
    return torch.cat([first, torch.nonzero(left).flatten()[: size - len(first)]])
