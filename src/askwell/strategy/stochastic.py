"""Stochastic queries: the highest scores of a strategy, with noise, so that they are less alike."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.randomness import gumbel
from askwell.strategy.base import Strategy
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.keyed import fresh_key

TINY = torch.finfo(torch.float64).tiny
BY_ROUNDING = -1e-6
"""How far below 0 a score can be that should be 0."""


@dataclass(frozen=True)
class Stochastic:
    """Asks by a key in place of the score s (Kirsch et al., TMLR 2023).

    With Gumbel noise G and a sharpness β it is `β ln(s + shift) + G` (`power`), `β s + G`
    (`softmax`) or `-β ln rank + G` (`softrank`).

    `strategy` is one with scores, such as an acquisition function or BALD. For `power` the shifted
    scores must not be negative: a margin from -1 to 0 needs a shift of 1. Scores of 0 come last.
    """

    title: ClassVar[str] = "stochastic"
    colour: ClassVar[str] = "#88ccee"
    marker: ClassVar[str] = "8"

    strategy: Strategy
    noise: str = "power"
    sharpness: float = 1.0
    shift: float = 0.0

    def __post_init__(self) -> None:
        if self.noise not in ("power", "softmax", "softrank"):
            raise UserError(f"strategy.noise={self.noise}: expected power, softmax or softrank")
        if not self.sharpness >= 0:
            raise UserError(f"strategy.sharpness={self.sharpness}: expected at least 0")

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        key = fresh_key(generator)
        positions, scores = self.strategy(candidates, len(candidates), generator)
        if scores is None:
            raise UserError(
                f"strategy.strategy={type(self.strategy).__name__} has no scores to add noise to: "
                "choose one that has, such as askwell.strategy.UncertaintySampling"
            )
        keys = self._sharpened(scores.double()) + gumbel(candidates.indices[positions], key)
        first = keys.argsort(descending=True, stable=True)[:size]
        return Query(positions[first], scores[first])

    def _sharpened(self, scores: Tensor) -> Tensor:
        """What the noise is added to, from scores [n] in descending order."""
        if self.noise == "softmax":
            return self.sharpness * scores
        if self.noise == "softrank":
            return -self.sharpness * torch.arange(1, len(scores) + 1).double().log()
        shifted = scores + self.shift
        if bool((shifted < BY_ROUNDING).any()):
            raise UserError(
                f"strategy.noise=power takes no score below 0, and the lowest is "
                f"{float(shifted.min()):.3g}: set strategy.shift=1 for margins, or "
                "strategy.noise=softmax"
            )
        return self.sharpness * shifted.clamp(min=TINY).log()
