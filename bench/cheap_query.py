"""The query of least confidence by a cheap pass first and today's pass for what it leaves open."""

import torch
from torch import Tensor

from askwell.dataset import Images
from askwell.scoring.frozen import FrozenNetwork
from askwell.strategy.ranking import best
from bench import bare, cheap_study
from bench.ceilings import CEILINGS, apart
from bench.cheap_study import SCORES, Errors, Way

FIRST = 2
"""How many times the query is scored first, to know what a score has to reach."""


def todays(frozen: FrozenNetwork, images: Images, indices: Tensor, size: int) -> list[int]:
    """Positions of the `size` least confident of the images at `indices`."""
    scores = SCORES["lc"](bare.logits(frozen, images, indices).softmax(dim=1))
    return best(torch.arange(len(scores)), scores, size).positions.tolist()


def cheap(
    frozen: FrozenNetwork, way: Way, last: Errors, images: Images, indices: Tensor, size: int
) -> list[int]:
    """The same positions."""
    seen = cheap_study.seen(way, last, images, indices)
    first = SCORES["lc"](seen.logits.softmax(dim=1)).topk(FIRST * size).indices
    enough = scores_of(frozen, images, indices[first]).topk(size).values[-1]
    left = (CEILINGS["lc"](apart(seen.logits), seen.errors) >= enough).index_fill_(0, first, True)
    positions = left.nonzero().squeeze(1)
    scores = scores_of(frozen, images, indices[positions])
    return best(positions, scores, size).positions.tolist()


def scores_of(frozen: FrozenNetwork, images: Images, indices: Tensor) -> Tensor:
    return SCORES["lc"](bare.logits(frozen, images, indices).softmax(dim=1))
