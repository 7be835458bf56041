"""DropQuery: images whose label changes when the last layer does, one of each group of them."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.k_means import central
from askwell.strategy.keyed import fresh_key
from askwell.strategy.look import Look
from askwell.strategy.points import unit

ENOUGH = 25
"""Images to choose from for each that is asked for."""


@dataclass(frozen=True)
class DropQuery:
    """Takes the images whose label changes in more than half of the `draws`, clusters these by
    k-means of features at length 1, and asks for the image nearest to each centre (Gupte et al.,
    TMLR 2024).

    Where they are fewer than 25 for each label asked for, those that change less often are taken as
    well. `draws=dropout` comes nearest to what is published; the default draws work with any
    network. Those that change most come first.
    """

    title: ClassVar[str] = "DropQuery"
    colour: ClassVar[str] = "#661100"
    marker: ClassVar[str] = "P"

    draws: int = 3

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise UserError(f"strategy.draws={self.draws}: expected at least 2")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        key, labels = fresh_key(generator), candidates.collect(label)
        drawn = candidates.collect(labels_drawn, draws=self.draws).reshape(-1, self.draws)
        changes = (drawn != labels[:, None]).sum(dim=1).masked_fill(labels < 0, -1)
        positions = unstable(changes, candidates.indices, ENOUGH * size, self.draws // 2 + 1)
        indices = candidates.indices[positions]
        features = candidates.embeddings(indices).detach()
        return Query(positions[central(unit(features), indices, size, key)])


def label(look: Look) -> Tensor:
    """The likeliest class [B], -1 where the network says nothing finite."""
    finite = look.logits.isfinite().all(dim=1) & look.features.isfinite().all(dim=1)
    return look.logits.argmax(dim=1).masked_fill(~finite, -1)


def labels_drawn(look: Look) -> Tensor:
    """The likeliest class by each draw, [B, K]."""
    return look.logits.argmax(dim=2)


def unstable(changes: Tensor, indices: Tensor, enough: int, often: int) -> Tensor:
    """Positions of those that change at least `often`, or of as many more as make `enough`: all
    with as many changes as the last of them. Most changes first, then by index; none below 0.

    >>> unstable(torch.tensor([3, 0, 2, 1, 1]), torch.arange(5), enough=3, often=2)
    tensor([0, 2, 3, 4])
    """
    by_index = indices.argsort()
    order = by_index[changes[by_index].argsort(descending=True, stable=True)]
    ranked = changes[order]
    last = int(ranked[min(enough, len(ranked)) - 1]) if len(ranked) else 0
    return order[ranked >= max(min(often, last), 0)]
