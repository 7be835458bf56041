"""The best few of a long stream of scores, in memory that does not grow with the stream."""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor


class Ranking(NamedTuple):
    """Positions, best first, with their scores. Q entries."""

    positions: Tensor  # int64 [Q]
    scores: Tensor  # float32 [Q]


def best(positions: Tensor, scores: Tensor, size: int) -> Ranking:
    """The `size` highest scores, ties to the lower position. Non-finite scores are never among
    them.

    `torch.topk` would rank nan first and break ties by accident.

    >>> best(torch.tensor([0, 1, 2, 3]), torch.tensor([0.5, torch.nan, 0.9, 0.5]), size=2).positions
    tensor([2, 0])
    """
    finite = scores.isfinite()
    positions, scores = positions[finite], scores[finite]
    ascending = positions.argsort()
    order = ascending[scores[ascending].argsort(descending=True, stable=True)][:size]
    return Ranking(positions[order], scores[order])


def running_best(stream: Iterable[tuple[Tensor, Tensor]], size: int, chunk: int = 8192) -> Ranking:
    """`best` of all (positions, scores) batches of `stream`, keeping no more than `size` + `chunk`
    at a time, or twice `size` if that is more.
    """
    kept = Ranking(torch.empty(0, dtype=torch.int64), torch.empty(0))
    waiting: list[tuple[Tensor, Tensor]] = []
    count = 0
    for positions, scores in stream:
        waiting.append((positions, scores))
        count += len(positions)
        if count >= max(chunk, size):  # or a whole ranking would be sorted for every chunk
            kept, waiting, count = _merge([kept, *waiting], size), [], 0
    return _merge([kept, *waiting], size)


def _merge(parts: list[tuple[Tensor, Tensor]], size: int) -> Ranking:
    positions, scores = zip(*parts, strict=True)
    return best(torch.cat(positions), torch.cat(scores), size)
