"""What a strategy sees of the pool: images through the network, never a label."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from askwell.acquisition import AcquisitionFunction
from askwell.ranking import best, running_best

Forward = Callable[[Tensor], Iterator[tuple[Tensor, Tensor]]]
"""Indices [N] to batches of (positions among them [B], logits [B, C]): this process's share of the pass."""

Gather = Callable[[Any], list[Any]]
"""One object of this process to the list of all processes' objects."""


class Query(NamedTuple):
    """A strategy's answer: distinct positions among the candidates, best first, with scores where it has any."""

    positions: Tensor  # int64 [Q]
    scores: Tensor | None = None  # float32 [Q]


class Candidates:
    """The N unlabelled images. The network runs only when a view that needs it is read."""

    def __init__(self, indices: Tensor, forward: Forward, gather: Gather = lambda share: [share]) -> None:
        self.indices = indices  # int64 [N], ascending positions in the training set
        self._forward = forward
        self._gather = gather

    def __len__(self) -> int:
        return len(self.indices)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """(positions [B], probabilities [B, C]) of this process's share, on the CPU, as the network gives them."""
        for positions, logits in self._forward(self.indices):
            yield positions, logits.softmax(dim=1).cpu()

    def top(self, acquisition: AcquisitionFunction, size: int) -> Query:
        """The `size` highest finite scores of all processes; memory does not grow with N."""
        share = running_best(((positions, acquisition(probs)) for positions, probs in self.batches()), size)
        positions, scores = zip(*self._gather(tuple(share)), strict=True)
        return Query(*best(torch.cat(positions), torch.cat(scores), size))

    @cached_property
    def probs(self) -> Tensor:
        """All class probabilities, float32 [N, C]: for strategies that need every row at once."""
        shares = [pair for share in self._gather(list(self.batches())) for pair in share]
        positions, probs = (torch.cat(parts) for parts in zip(*shares, strict=True))
        return probs[positions.argsort()]
