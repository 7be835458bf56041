"""The query of least confidence by a cheap pass first and today's pass for what it leaves open."""

import torch
from torch import Tensor

from askwell.dataset import Images
from askwell.scoring.frozen import FrozenNetwork
from askwell.strategy.ranking import best
from bench import bare, cheap_study
from bench.ceilings import CEILINGS, apart
from bench.cheap_study import SCORES, Way
from bench.error_bounds import LastLayers

FIRST = 2
"""How many times the query is scored first, to know what a score has to reach."""


def todays(frozen: FrozenNetwork, images: Images, indices: Tensor, size: int) -> list[int]:
    """Positions of the `size` least confident of the images at `indices`."""
    scores = scores_of(frozen, images, indices)
    return best(torch.arange(len(scores)), scores, size).positions.tolist()


def cheap(
    frozen: FrozenNetwork, way: Way, last: LastLayers, images: Images, indices: Tensor, size: int
) -> list[int]:
    """The same positions. An image is scored by today's pass unless its ceiling is too low, by the
    rough bound or by the fine one.
    """
    seen = cheap_study.seen(way, images, indices)
    first = SCORES["lc"](seen.logits.softmax(dim=1)).topk(FIRST * size).indices
    enough = scores_of(frozen, images, indices[first]).topk(size).values[-1]
    rough = CEILINGS["lc"](apart(seen.logits), last.rough(*seen))
    left = (rough >= enough).nonzero().squeeze(1)
    few = seen.at(left)
    fine = CEILINGS["lc"](apart(few.logits), last.fine(*few))
    positions = torch.cat([first, left[fine >= enough]]).unique()
    scores = scores_of(frozen, images, indices[positions])
    return best(positions, scores, size).positions.tolist()


def scores_of(frozen: FrozenNetwork, images: Images, indices: Tensor) -> Tensor:
    return SCORES["lc"](bare.logits(frozen, images, indices).softmax(dim=1))
