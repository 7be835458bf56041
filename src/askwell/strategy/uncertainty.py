"""Uncertainty sampling: ask where the network is least sure."""

from dataclasses import dataclass

import torch

from askwell.acquisition import AcquisitionFunction
from askwell.strategy.appearance import PARTS
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.look import Look, probabilities


@dataclass(frozen=True)
class UncertaintySampling:
    """Asks for the highest values of one acquisition function; ties go to the lower index.

    `title`, `colour` and `marker` say how the report shows it; they are the function's own unless
    they are set.
    """

    acquisition: AcquisitionFunction
    title: str | None = None
    colour: str | None = None
    marker: str | None = None

    def __post_init__(self) -> None:
        function = getattr(self.acquisition, "func", self.acquisition)  # of a partial
        for part in PARTS:
            if getattr(self, part) is None:
                object.__setattr__(self, part, getattr(function, part, None))

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        return candidates.top(self._score, size)

    def _score(self, look: Look) -> torch.Tensor:
        return self.acquisition(probabilities(look).cpu())
