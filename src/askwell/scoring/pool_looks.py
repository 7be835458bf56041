"""Looks at the images of a pool, with stochastic draws of the last layer on request."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from torch import Tensor

from askwell.errors import UserError
from askwell.images.contracts import Images
from askwell.pool import Pool
from askwell.randomness import generator
from askwell.scoring.scorer import Scorer
from askwell.strategy.candidates import Candidates
from askwell.strategy.draws import Draws, Head, drawn_logits, refuse_equal
from askwell.strategy.look import Look

Fit = Callable[[Tensor, Tensor, Tensor], float]
"""Features [L, D], labels [L] and indices [L] of the labelled images to a temperature."""

CLOSE = 1e-2
"""How far logits may be from the last layer's result on the features, as in half precision."""


@dataclass
class PoolLooks:
    """Looks at a pool at the end of `round`; draws are keyed by (seed, round, draw)."""

    scorer: Scorer
    images: Images
    pool: Pool
    draws: Draws
    seed: int
    round: int
    fit_temperature: Fit | None = None  # where no label has shaped the features
    layers: dict[int, Tensor] = field(default_factory=dict)  # by the number of draws

    def __call__(self, indices: Tensor, draws: int) -> Iterator[tuple[Tensor, Look]]:
        if draws == 1:
            yield from self._plain(indices, 1)
            return
        if draws not in self.layers:
            self.layers[draws] = self._fit(draws)
        layers = self.layers[draws].to(self.scorer.device)
        for positions, look in self._plain(indices, 1):
            logits = drawn_logits(look.features, layers) / self.temperature
            yield positions, Look(logits, look.features)

    @cached_property
    def temperature(self) -> float:
        """What logits are divided by for probabilities that are as sure as they are right."""
        labelled = self.pool.usable.sort().values
        if self.fit_temperature is None or not len(labelled):
            return 1.0
        features = self._labelled(labelled).embeddings()
        return self.fit_temperature(features, self.pool.labels(labelled.tolist()), labelled)

    def _plain(self, indices: Tensor, draws: int) -> Iterator[tuple[Tensor, Look]]:
        return self.scorer.looks(self.images, indices, "scoring")

    def _fit(self, draws: int) -> Tensor:
        labelled = self.pool.usable
        if not len(labelled):
            raise UserError("draws of the last layer need labelled images: choose another initial=")
        images = self._labelled(labelled)
        features = images.embeddings()
        head = self._head(images, features)
        generators = [generator("draw", self.seed, self.round, number) for number in range(draws)]
        labels = self.pool.labels(labelled.tolist())
        layers = self.draws(head, features, labels, generators)
        refuse_equal(layers)
        return layers

    def _labelled(self, indices: Tensor) -> Candidates:
        return Candidates(indices, self._plain, processes=self.scorer.processes)

    def _head(self, images: Candidates, features: Tensor) -> Head:
        """The last layer, where it is what makes the logits of the features."""
        head = self.scorer.network.head
        if head is not None:
            weight, bias, dropout = head
            layer = Head(weight.detach().float().cpu(), bias.detach().float().cpu(), dropout)
            logits = images.collect(lambda look: look.logits)
            if (
                features @ layer.weight.T + layer.bias - logits
            ).abs().max() <= CLOSE * logits.abs().max():
                return layer
        raise UserError(
            "draws need a network that ends in a linear layer: choose another model=, or another "
            "strategy="
        )
