"""What a strategy sees of the pool: images through the network, never a label."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from askwell.acquisition import AcquisitionFunction
from askwell.agreement import Gather, alone
from askwell.ranking import best, running_best

Forward = Callable[[Tensor], Iterator[tuple[Tensor, Tensor]]]
"""Indices [N] to batches of (positions among them [B], logits [B, C]): this process's share of the pass."""


class Query(NamedTuple):
    """A strategy's answer: distinct positions among the candidates, best first, with scores where it has any."""

    positions: Tensor  # int64 [Q]
    scores: Tensor | None = None  # float32 [Q]


def fault_in(query: Query, size: int, images: int) -> str | None:
    """What is wrong with the answer of a strategy that was asked for `size` of `images` images, None if nothing is.

    It may be shorter: images without a finite score are left out.

    >>> fault_in(Query(torch.tensor([3, 3])), size=2, images=10)
    'positions must be distinct, it gave [3, 3]'
    """
    positions, scores = torch.as_tensor(query.positions), query.scores
    if positions.ndim != 1 or positions.is_floating_point() or positions.dtype == torch.bool:
        return f"expected positions as integers [Q], found {positions.dtype} {list(positions.shape)}"
    answer = positions.tolist()
    if len(answer) > size:
        return f"asked for {size} of {images} images, it gave {len(answer)}"
    if len(set(answer)) < len(answer):
        return f"positions must be distinct, it gave {sorted(answer)}"
    if answer and not 0 <= min(answer) <= max(answer) < images:
        return f"positions must lie from 0 to {images - 1}, it gave {min(answer)} to {max(answer)}"
    if scores is not None and scores.shape != positions.shape:
        return f"expected a score for each of {len(answer)} positions, found {list(scores.shape)}"
    return None


class Candidates:
    """The N unlabelled images. The network runs only when a view that needs it is read."""

    def __init__(self, indices: Tensor, forward: Forward, gather: Gather = alone) -> None:
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
