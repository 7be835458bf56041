"""Buying labels: the strategy chooses, the oracle answers, the pool remembers."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch

from askwell.errors import UserError
from askwell.loop.agreement import digest_of
from askwell.oracle.simulated import Oracle
from askwell.pool import Pool
from askwell.processes import ALONE, Processes, odd_one
from askwell.randomness import generator
from askwell.strategy import Strategy
from askwell.strategy.candidates import Candidates, Looks, fault_in


class Answers(NamedTuple):
    """What a query bought, best first. Q labels."""

    indices: np.ndarray  # int64 [Q]
    labels: np.ndarray  # int64 [Q]
    scores: np.ndarray | None  # float32 [Q]


@dataclass
class Labelling:
    """Buys labels for `pool`, the same ones on all processes.

    Its only state is what was ranked and not asked yet, where `rescore_every` is above 1.
    """

    strategy: Strategy
    oracle: Oracle
    pool: Pool
    seed: int
    rescore_every: int = 1
    candidates: int | None = (
        None  # how many random ones of the pool a strategy sees; all by default
    )
    processes: Processes = ALONE
    ranked: list[tuple[int, float | None]] = field(default_factory=list)

    def buy_initial_set(self, size: int) -> None:
        """Labels for `size` random images: the same for every strategy of a seed."""
        indices = torch.randperm(self.pool.size, generator=generator("initial", self.seed))[
            :size
        ].numpy()
        self.pool.label(indices, self._answers(indices), round=0)

    def buy(self, size: int, round: int, looks: Looks) -> Answers:
        """Labels for the `size` images that the strategy wants most at the end of `round`.

        Raises UserError for an answer that breaks the strategy's contract or differs between
        processes.
        """
        if not self.ranked:
            self.ranked = self._rank(size * self.rescore_every, round, looks)
        chosen, self.ranked = self.ranked[:size], self.ranked[size:]
        indices, scores = np.array([index for index, _ in chosen]), [score for _, score in chosen]
        answers = Answers(
            indices,
            self._answers(indices),
            None if None in scores else np.array(scores, np.float32),
        )
        self.pool.label(indices, answers.labels, round + 1, answers.scores)
        return answers

    def _rank(self, size: int, round: int, looks: Looks) -> list[tuple[int, float | None]]:
        candidates = self._seen(size, round, looks)
        size = min(size, len(candidates))
        query = self.strategy(candidates, size, generator("query", self.seed, round))
        fault = fault_in(query, size, len(candidates))
        chosen = [] if fault else candidates.indices[torch.as_tensor(query.positions)].tolist()
        if other := self._odd_one([fault, *chosen]):
            differs = (
                f"process {other} chose other images than process 0 at the end of round {round}"
            )
            raise UserError(
                f"{differs}: a strategy must decide by the candidates and the generator it is "
                "given alone"
            )
        if fault:
            raise UserError(f"strategy {_named(self.strategy)}: {fault}")
        if not chosen:
            raise UserError(
                f"no score of round {round} is finite, the network diverged: lower "
                "model.optimizer.lr"
            )
        scores = [None] * len(chosen) if query.scores is None else query.scores.tolist()
        return list(zip(chosen, scores, strict=True))

    def _seen(self, size: int, round: int, looks: Looks) -> Candidates:
        """What the strategy sees: all unlabelled images, or a random part of them that holds a
        whole query.
        """
        unlabelled, labelled = (
            torch.from_numpy(self.pool.unlabelled),
            torch.from_numpy(np.sort(self.pool.labelled)),
        )
        candidates = Candidates(unlabelled, looks, labelled, self.processes)
        if self.candidates is None:
            return candidates
        return candidates.sample(
            max(self.candidates, size), generator("candidates", self.seed, round)
        )

    def _answers(self, indices: np.ndarray) -> np.ndarray:
        labels = np.asarray(self.oracle(indices))
        if other := self._odd_one(labels.tolist()):
            differs = f"the oracle gave process {other} other labels than process 0"
            raise UserError(f"{differs}: it must always give the same image the same label")
        return labels

    def _odd_one(self, values: list[Any]) -> int | None:
        """The first process whose values are not those of process 0."""
        return odd_one(self.processes.gather(digest_of(values)))


def _named(strategy: Strategy) -> str:
    return getattr(strategy, "__name__", type(strategy).__name__)
