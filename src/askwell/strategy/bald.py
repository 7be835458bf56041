"""BALD: images on which draws of the network disagree, though each is sure."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.special import entr

from askwell.errors import UserError
from askwell.strategy import Candidates, Look, Query


@dataclass(frozen=True)
class Bald:
    """Asks for the highest mutual information of label and network, by `draws` of the latter
    (Houlsby et al., 2011).
    """

    title, colour, marker = "BALD", "#56b4e9", "X"  # of the class: no fields

    draws: int = 20

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise UserError(
                f"strategy.draws={self.draws}: one draw cannot disagree with itself, expected at "
                "least 2"
            )

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        return candidates.top(mutual_information, size, self.draws)


def mutual_information(look: Look) -> Tensor:
    """`H(mean_k p) - mean_k H(p)` in nats, [B], from 0 (all K draws agree) to ln min(K, C)."""
    probs = look.logits.softmax(dim=2)  # [B, K, C]
    of_mean, mean = entr(probs.mean(dim=1)).sum(dim=1), entr(probs).sum(dim=2).mean(dim=1)
    return (of_mean - mean).clamp(min=0)  # rounding can make it negative
