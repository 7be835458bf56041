"""The contract of a strategy."""

from typing import Protocol

import torch

from askwell.strategy.candidates import Candidates, Query


class Strategy(Protocol):
    """Chooses what to ask. Any callable of this form will do, from any importable package."""

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        """`size` distinct positions among the candidates, best first; fewer only where fewer have a
        finite score.

        All randomness comes from `generator`, so that the same one gives the same answer.
        """
