"""Cluster margin: the images with the smallest margins, one of each group of them."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from askwell.acquisition import smallest_margin
from askwell.errors import UserError
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.k_means import central
from askwell.strategy.keyed import fresh_key
from askwell.strategy.look import Look, probabilities
from askwell.strategy.points import unit


@dataclass(frozen=True)
class ClusterMargin:
    """Takes `preselected` times as many images as asked for by their margin, clusters these by
    k-means of features at length 1, weighted by the uncertainty `1 - (p₁ - p₂)`, and asks for the
    image nearest to each centre (Zhdanov, "Diverse mini-batch active learning", 2019).

    Those with the smallest margins come first.
    """

    title: ClassVar[str] = "cluster margin"
    colour: ClassVar[str] = "#44aa99"
    marker: ClassVar[str] = "H"

    preselected: int = 10

    def __post_init__(self) -> None:
        if self.preselected < 1:
            raise UserError(f"strategy.preselected={self.preselected}: expected at least 1")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        key = fresh_key(generator)
        positions, found = candidates.top(uncertainty, self.preselected * size)
        indices, scores = candidates.indices[positions], torch.as_tensor(found).detach()
        features = candidates.embeddings(indices).detach()
        chosen = central(unit(features), indices, size, key, scores)
        return Query(positions[chosen], scores[chosen])


def uncertainty(look: Look) -> Tensor:
    """`1 - (p₁ - p₂)` [B], from 0 (certain) to 1; nan for features that are not finite."""
    margins = 1 + smallest_margin(probabilities(look))
    return torch.where(look.features.isfinite().all(dim=1), margins, torch.nan)
