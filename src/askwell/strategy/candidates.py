"""What a strategy sees of the pool: images through the network, never a label.

Legend of axes: N candidates, L labelled images, B images of a batch, K draws, C classes, D
features, Q query.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from askwell.processes import ALONE, Processes
from askwell.strategy.look import Look, View, features
from askwell.strategy.ranking import best, running_best

Looks = Callable[[Tensor, int], Iterator[tuple[Tensor, Look]]]
"""(indices [N], K draws) to batches of (positions among them [B], look): this process's share of
the pass.

One draw is the network as it is, with logits [B, C].
"""

Rows = Callable[[Tensor], Tensor]
"""Indices [N] to an encoder's rows of these images, float32 [N, D]."""

NONE = torch.empty(0, dtype=torch.int64)


class Query(NamedTuple):
    """A strategy's answer: distinct positions among the candidates, best first, with scores where
    it has any.
    """

    positions: Tensor  # int64 [Q]
    scores: Tensor | None = None  # float32 [Q]


def fault_in(query: Query, size: int, images: int) -> str | None:
    """What is wrong with the answer of a strategy that was asked for `size` of `images` images,
    None if nothing is.

    It may be shorter: images without a finite score are left out.

    >>> fault_in(Query(torch.tensor([3, 3])), size=2, images=10)
    'positions must be distinct, it gave [3, 3]'
    """
    positions, scores = torch.as_tensor(query.positions), query.scores
    if positions.ndim != 1 or positions.is_floating_point() or positions.dtype == torch.bool:
        return (
            f"expected positions as integers [Q], found {positions.dtype} {list(positions.shape)}"
        )
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
    """The N unlabelled images, and which L are labelled. The network runs only when a
    method needs its output.

    Every process calls the same methods in the same order, and gets the same answers.
    """

    def __init__(
        self,
        indices: Tensor,
        looks: Looks,
        labelled: Tensor = NONE,
        processes: Processes = ALONE,
        rows: Rows | None = None,
    ) -> None:
        self.indices = indices  # int64 [N], ascending places in the training set
        self.labelled = labelled  # int64 [L], the same of the labelled images; never a label
        self._looks, self._processes, self._rows = looks, processes, rows

    def __len__(self) -> int:
        return len(self.indices)

    def looks(self, of: Tensor | None = None, draws: int = 1) -> Iterator[tuple[Tensor, Look]]:
        """(positions [B], look) of this process's share, streamed, as the network gives them.

        `of` are indices in the training set, the candidates' by default; positions are places among
        them. With K `draws` above 1 the logits are [B, K, C]: each draw is one network for all
        images.
        """
        yield from self._looks(self.indices if of is None else of, draws)

    def top(self, score: View, size: int, draws: int = 1) -> Query:
        """The `size` highest finite scores of all processes, ties to the lower position; memory is
        O(size).
        """
        share = running_best(
            ((positions, score(look).cpu()) for positions, look in self.looks(draws=draws)), size
        )
        positions, scores = zip(*self._processes.gather(tuple(share)), strict=True)
        return Query(*best(torch.cat(positions), torch.cat(scores), size))

    def collect(self, view: View, of: Tensor | None = None, draws: int = 1) -> Tensor:
        """A view of every image, [N, ...] on the CPU in every process: for strategies that need all
        rows at once.
        """
        parts = [(positions, view(look).cpu()) for positions, look in self.looks(of, draws)]
        positions = torch.cat([NONE, *(positions for positions, _ in parts)])
        shape, dtype = self._row([rows for _, rows in parts])
        rows = torch.cat([torch.empty((0, *shape), dtype=dtype), *(rows for _, rows in parts)])
        return self._processes.gather_rows(rows)[self._processes.gather_rows(positions).argsort()]

    @property
    def temperature(self) -> float:
        """What the logits of one draw are divided by where a probability should be as sure as it is
        right; 1 where nothing tells. Several draws come divided by it.
        """
        found: float = getattr(self._looks, "temperature", 1.0)
        return found

    def embeddings(self, of: Tensor | None = None) -> Tensor:
        """The rows of the encoder that `embedding=` names, or the features that the network gives
        its last layer, float32 [N, D] on the CPU.
        """
        if self._rows is not None:
            return self._rows(self.indices if of is None else of)
        return self.collect(features, of)

    def sample(self, size: int, generator: torch.Generator) -> "Candidates":
        """`size` random candidates, all if there are no more, for what costs more than a pass over
        each.
        """
        if size >= len(self):
            return self
        chosen = torch.randperm(len(self), generator=generator)[:size].sort().values
        parts = (self._looks, self.labelled, self._processes, self._rows)
        return Candidates(self.indices[chosen], *parts)

    def _row(self, rows: list[Tensor]) -> tuple[torch.Size, torch.dtype]:
        """Shape and type of a row, also for a process that had no batch."""
        known = self._processes.gather([(part.shape[1:], part.dtype) for part in rows[:1]])
        return next((row for share in known for row in share), (torch.Size(), torch.float32))
