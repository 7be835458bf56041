"""EPIG: images whose labels say most about the labels of others."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.strategy.bald import entropies
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.keyed import fresh_key, some
from askwell.strategy.look import Look, probabilities

NUMBERS = 2**18
"""Probabilities of pairs of labels that are worked on at a time: they fit a processor's cache."""
LEAST = 1e-150
"""A probability whose square is still above 0 in double precision."""


@dataclass(frozen=True)
class Epig:
    """Asks for the highest mutual information of an image's label and that of another image of the
    pool, on average over `targets` random ones (Bickford Smith et al., AISTATS 2023).

    BALD asks what tells draws of the network apart; this asks what matters to predictions. An image
    costs K·C² for each target.
    """

    title: ClassVar[str] = "EPIG"
    colour: ClassVar[str] = "#882255"
    marker: ClassVar[str] = ">"

    draws: int = 20
    targets: int = 100

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise UserError(
                f"strategy.draws={self.draws}: with one draw no label says anything about another, "
                "expected at least 2"
            )
        if self.targets < 1:
            raise UserError(f"strategy.targets={self.targets}: expected at least 1")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        chosen = some(candidates.indices, self.targets, fresh_key(generator))
        indices = candidates.indices[chosen].sort().values
        targets = candidates.collect(probabilities, indices, self.draws).detach()
        finite = targets.isfinite().flatten(start_dim=1).all(dim=1)

        def score(look: Look) -> Tensor:
            return information(probabilities(look).cpu(), targets[finite])

        return candidates.top(score, size, self.draws)


def information(probs: Tensor, targets: Tensor) -> Tensor:
    """`H(y) + H(y*) - H(y, y*)` in nats, on average over targets: [B], from probs [B, K, C] and
    those of the targets [T, K, C]; nan where there are none.
    """
    images, others = probs.double(), targets.double()
    own, theirs = entropies(images.mean(dim=1)), entropies(others.mean(dim=1)).mean()
    at_once = max(1, NUMBERS // max(len(others) * probs.shape[2] ** 2, 1))
    joint = [_joint_entropies(part, others) for part in images.split(at_once)]
    return (own + theirs - torch.cat(joint)).clamp(min=0).to(probs.dtype)


def _joint_entropies(probs: Tensor, targets: Tensor) -> Tensor:
    """The mean over targets of `H(y, y*)`, [B]: one product [B·C, K] · [K, T·C]."""
    likely, others = probs.clamp(min=LEAST), targets.clamp(min=LEAST)
    left = likely.transpose(1, 2).flatten(end_dim=1)
    right = others.transpose(0, 1).flatten(start_dim=1) / probs.shape[1]
    pairs = left @ right  # [B·C, T·C], above 0
    surprise = -pairs.log().mul_(pairs).view(len(probs), -1).sum(dim=1)
    return surprise / len(targets)
