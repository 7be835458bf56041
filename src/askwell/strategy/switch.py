"""Switch: one strategy while labels are few, another one after."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from askwell.errors import UserError
from askwell.strategy.base import Strategy
from askwell.strategy.candidates import Candidates, Query


@dataclass(frozen=True)
class Switch:
    """Asks by `first` until enough images are labelled, by `then` from there on.

    Enough are `labels`, or the labels of `rounds` queries and of an initial set as large as one.
    TypiClust, then smallest margin after three rounds is TCM (Doucet et al., 2024).
    """

    title: ClassVar[str] = "switch"
    colour: ClassVar[str] = "#999933"
    marker: ClassVar[str] = "X"

    first: Strategy
    then: Strategy
    rounds: int | None = None
    labels: int | None = None

    def __post_init__(self) -> None:
        if (self.rounds is None) == (self.labels is None):
            raise UserError(
                f"strategy.rounds={self.rounds} and strategy.labels={self.labels}: set one of "
                "them, and the other to null"
            )
        if (self.rounds or 0) < 0 or (self.labels or 0) < 0:
            raise UserError("strategy.rounds and strategy.labels: expected at least 0")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        enough = self.labels if self.rounds is None else (self.rounds + 1) * size
        few = len(candidates.labelled) < (enough or 0)
        return (self.first if few else self.then)(candidates, size, generator)
