"""Random sampling: the baseline every strategy must beat."""

from typing import ClassVar

import torch

from askwell.strategy.candidates import Candidates, Query


class RandomSampling:
    """Every set of candidates is equally likely; the network is never run."""

    title: ClassVar[str] = "random"
    colour: ClassVar[str] = "#8a8a8a"
    marker: ClassVar[str] = "o"

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        return Query(torch.randperm(len(candidates), generator=generator)[:size])
