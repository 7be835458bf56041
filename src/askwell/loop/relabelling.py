"""Asking again about images whose label is doubtful: which ones, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from askwell.loop.activelab import NO_VOTE, consensus, scores
from askwell.loop.out_of_sample import out_of_sample
from askwell.oracle.answers import UNANSWERED
from askwell.pool import Pool

Doubtful = list[tuple[int, float, list[float]]]
"""Indices, the most doubtful first, with ActiveLab's score and the probability of each class."""


@dataclass(frozen=True)
class Relabelling:
    """Spends the `share` of each query on images that have a label."""

    share: float
    num_classes: int
    seed: int

    def size(self, query: int) -> int:
        """How many images of a query have a label: at least one has none."""
        return min(round(self.share * query), query - 1)

    def choose(self, pool: Pool, indices: Tensor, features: Tensor, size: int) -> Doubtful:
        """The `size` images with the lowest scores, by the features [L, D] of those at `indices`
        [L].
        """
        if size < 1 or len(indices) < 2:
            return []
        labels = pool.labels(indices.tolist())
        probs = out_of_sample(features, labels, indices, self.num_classes, self.seed)
        found = scores(votes_of(pool, indices.tolist()), labels, probs)
        places = found.argsort(stable=True)[:size].tolist()
        return [(int(indices[one]), float(found[one]), probs[one].tolist()) for one in places]


def votes_of(pool: Pool, indices: Sequence[int]) -> Tensor:
    """All labels that images were given, int64 [L, M], the oldest first; NO_VOTE after the last."""
    votes = [torch.tensor(pool.votes(index)) for index in indices]
    return torch.nn.utils.rnn.pad_sequence(votes, batch_first=True, padding_value=NO_VOTE)


def enter(pool: Pool, asked: Doubtful, answers: Sequence[int], round: int) -> None:
    """Enters the answers to images that were asked again: the label becomes that of the majority,
    or of equals the one that the network thinks likelier. An answer without a label changes none.
    """
    for (index, _, probs), answer in zip(asked, answers, strict=True):
        if answer == UNANSWERED:
            continue
        votes = [*pool.votes(index), *([answer] if answer >= 0 else [])]
        pool.repeat(index, answer, consensus(votes, probs), round)
