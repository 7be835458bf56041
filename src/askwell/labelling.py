"""Buying labels: the strategy chooses, the oracle answers, the pool remembers."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from askwell.candidates import Candidates, Looks
from askwell.errors import UserError
from askwell.keys import generator
from askwell.oracle import Oracle
from askwell.pool import Pool
from askwell.processes import ALONE, Processes
from askwell.strategy import Strategy


class Answers(NamedTuple):
    """What a query bought, best first. Q labels."""

    indices: np.ndarray  # int64 [Q]
    labels: np.ndarray  # int64 [Q]
    scores: np.ndarray | None  # float32 [Q]


@dataclass
class Labelling:
    """Buys labels for `pool`. Its only state is what was ranked and not asked yet, where `rescore_every` is above 1."""

    strategy: Strategy
    oracle: Oracle
    pool: Pool
    seed: int
    rescore_every: int = 1
    candidates: int | None = None  # how many random ones of the pool a strategy sees; all by default
    processes: Processes = ALONE
    ranked: list[tuple[int, float | None]] = field(default_factory=list)

    def buy_initial_set(self, size: int) -> None:
        """Labels for `size` random images: the same for every strategy of a seed."""
        indices = torch.randperm(self.pool.size, generator=generator("initial", self.seed))[:size].numpy()
        self.pool.label(indices, self.oracle(indices), round=0)

    def buy(self, size: int, round: int, looks: Looks) -> Answers:
        """Labels for the `size` images that the strategy wants most at the end of `round`."""
        if not self.ranked:
            self.ranked = self._rank(size * self.rescore_every, round, looks)
        chosen, self.ranked = self.ranked[:size], self.ranked[size:]
        indices, scores = np.array([index for index, _ in chosen]), [score for _, score in chosen]
        answers = Answers(indices, self.oracle(indices), None if None in scores else np.array(scores, np.float32))
        self.pool.label(indices, answers.labels, round + 1, answers.scores)
        return answers

    def _rank(self, size: int, round: int, looks: Looks) -> list[tuple[int, float | None]]:
        unlabelled, labelled = torch.from_numpy(self.pool.unlabelled), torch.from_numpy(np.sort(self.pool.labelled))
        candidates = Candidates(unlabelled, looks, labelled, self.processes)
        if self.candidates is not None:
            seen = max(self.candidates, size)
            candidates = candidates.sample(seen, generator("candidates", self.seed, round))
        query = self.strategy(candidates, min(size, len(candidates)), generator("query", self.seed, round))
        if len(query.positions) > size:
            raise UserError(f"{self.strategy} chose {len(query.positions)} images: expected at most {size}")
        if not len(query.positions):
            raise UserError(f"no score of round {round} is finite, the network diverged: lower model.optimizer.lr")
        scores = [None] * len(query.positions) if query.scores is None else query.scores.tolist()
        return list(zip(candidates.indices[query.positions].tolist(), scores, strict=True))
