"""BatchBALD: images on whose labels, taken together, draws of the network disagree."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor

from askwell.errors import UserError
from askwell.strategy.bald import entropies, mutual_information
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.greedy import greedy
from askwell.strategy.look import probabilities

NUMBERS = 2**18
"""Probabilities of labels that are worked on at a time: they fit a processor's cache."""
RENEWED = 16
"""Images whose gains are brought up to date at a time."""
TIED = 1e-5
"""Gains in nats that are closer are equal: an estimate is in single precision."""


@dataclass(frozen=True)
class BatchBald:
    """Asks for the images whose labels jointly say most about the network, one after the other
    (Kirsch et al., NeurIPS 2019), of the `preselected` ones that BALD puts first.

    The labels of the chosen images have so many combinations. Up to `configurations` of them all
    are counted; past that as many are drawn, and what is gained is an estimate. Gains that differ
    by less than 1e-5 nats are tied, which all are once the chosen labels distinguish every draw. A
    tie goes to the image that BALD ranks higher.
    """

    title: ClassVar[str] = "BatchBALD"
    colour: ClassVar[str] = "#cc6677"
    marker: ClassVar[str] = "<"

    draws: int = 20
    preselected: int = 1000
    configurations: int = 10000

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise UserError(
                f"strategy.draws={self.draws}: one draw cannot disagree with itself, expected at "
                "least 2"
            )
        for name, least in (("preselected", 1), ("configurations", self.draws)):
            if getattr(self, name) < least:
                raise UserError(f"strategy.{name}={getattr(self, name)}: expected at least {least}")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        most = candidates.top(mutual_information, max(self.preselected, size), self.draws)
        positions = _in_order(candidates.indices, most)
        if not len(positions):
            return Query(positions)
        images = candidates.indices[positions]
        probs = candidates.collect(probabilities, images, self.draws).detach()
        return Query(positions[jointly_telling(probs, size, self.configurations, generator)])


def _in_order(indices: Tensor, most: Query) -> Tensor:
    """Their positions [n], those that BALD puts first at first, ties by index: of equal gains the
    first counts.
    """
    by_index = indices[most.positions].argsort()
    steps = (torch.as_tensor(most.scores)[by_index] / TIED).round()
    return most.positions[by_index[steps.argsort(descending=True, stable=True)]]


def jointly_telling(probs: Tensor, size: int, configurations: int, generator: Generator) -> Tensor:
    """`size` distinct rows [Q] of probs [N, K, C], each the one whose label has the highest mutual
    information with the draw once those before it are known, int64.
    """
    labels = Labels(probs.shape[1], configurations, generator)
    every = torch.arange(len(probs))

    def gains(rows: Tensor) -> Tensor:
        return labels.information(probs[rows])

    def add(row: int) -> None:
        labels.add(probs[row])

    return greedy(gains(every), gains, add, size, RENEWED, TIED)


class Labels:
    """The labels of the chosen images: M configurations of them, and what each says about the K
    draws, which are equally likely at first.
    """

    def __init__(self, draws: int, most: int, generator: Generator) -> None:
        self.most, self.generator, self.exact = most, generator, True
        self.chosen: list[Tensor] = []
        self._become(torch.zeros(1, draws, dtype=torch.float64))

    def _become(self, likelihoods: Tensor) -> None:
        """Each configuration y has likelihoods `ln Π_j p(y_j | draw)` [M, K], hence a posterior of
        the draws [M, K] and a weight [M]: its probability where all are counted.
        """
        self.likelihoods, self.posterior = likelihoods, likelihoods.softmax(dim=1)
        even = torch.full((len(likelihoods),), 1 / len(likelihoods), dtype=torch.float64)
        self.weights = likelihoods.logsumexp(dim=1).softmax(dim=0) if self.exact else even

    def information(self, probs: Tensor) -> Tensor:
        """`I(label; draw | labels of the chosen)` in nats of images with probs [B, K, C], [B]."""
        at_once = max(1, NUMBERS // (len(self.weights) * probs.shape[2]))
        precision = torch.float64 if self.exact else torch.float32
        posterior, weights = self.posterior.to(precision), self.weights.to(precision)
        parts = probs.to(precision).split(at_once)
        return torch.cat([_information(part, posterior, weights) for part in parts]).double()

    def add(self, probs: Tensor) -> None:
        """One more image is chosen, with probs [K, C]."""
        self.chosen.append(probs.double())
        if self.exact and len(self.weights) * probs.shape[1] <= self.most:
            each = _log(self.chosen[-1]).T
            self._become((self.likelihoods[:, None] + each).flatten(end_dim=1))
            return
        waiting = self.chosen if self.exact else self.chosen[-1:]
        start = probs.new_zeros(self.most // len(probs) * len(probs), len(probs)).double()
        drawn = sum(map(self._drawn, waiting), start if self.exact else self.likelihoods)
        self.exact = False
        self._become(drawn)

    def _drawn(self, probs: Tensor) -> Tensor:
        """What a label drawn for each configuration, which belongs to one of the draws, adds to the
        likelihoods [M, K].
        """
        count = self.most // len(probs)
        uniform = torch.rand(count * len(probs), 1, generator=self.generator, dtype=torch.float64)
        up_to = probs.cumsum(dim=1).repeat(count, 1)  # [M, C]
        label = (up_to <= uniform * up_to[:, -1:]).sum(dim=1).clamp(max=probs.shape[1] - 1)
        return _log(probs).T[label]


def _information(probs: Tensor, posterior: Tensor, weights: Tensor) -> Tensor:
    """Expected entropy of the label by the posterior, less its mean entropy by a draw, [B]."""
    likely = probs.clamp(min=torch.finfo(probs.dtype).tiny)
    mixed = posterior @ likely.transpose(0, 1).flatten(start_dim=1)  # [M, B·C], above 0
    surprise = -(weights @ mixed.log().mul_(mixed)).view(len(probs), -1).sum(dim=1)
    return (surprise - entropies(probs).mean(dim=1)).clamp(min=0)


def _log(probs: Tensor) -> Tensor:
    return probs.clamp(min=torch.finfo(torch.float64).tiny).log()
