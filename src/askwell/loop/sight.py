"""What the network of a run sees: evaluation, looks at the pool, previews, diversity."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from askwell.dataset.base import OpenDataset
from askwell.embedding.embedded import EmbeddedImages, pictures_of
from askwell.errors import UserError
from askwell.images.contracts import Images
from askwell.images.on_gpu import on_device
from askwell.images.view import View
from askwell.loop.diversity import MOST, Diversity, query_diversity
from askwell.loop.pending import Settled
from askwell.loop.rounds import Preview
from askwell.loop.stop_set import Steadiness, steadiness, stop_set
from askwell.loop.temperature import temperature
from askwell.pool import Pool
from askwell.scoring.evaluation import Evaluation, evaluate
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.pool_looks import PoolLooks
from askwell.scoring.scorer import Scorer
from askwell.strategy.draws import Draws
from askwell.strategy.look import Look

PREVIEWED = 32
"""The most queried images of a round that are shown."""


@dataclass
class Sight:
    """The frozen network of a run, with its pool and its evaluation images."""

    scorer: Scorer
    images: Images  # the training set, by index
    evaluation: Images
    truth: Tensor  # int64 [E], classes of the evaluation images
    pool: Pool
    draws: Draws
    num_classes: int
    seed: int
    untaught: Callable[[], nn.Module] | None = None  # the network as it was before any label

    @classmethod
    def of(cls, dataset: OpenDataset, scorer: Scorer, **parts: Any) -> "Sight":
        """The sight of a data set, on the scorer's device where there is room."""
        if len(dataset.held):
            (images,) = on_device([dataset.train], scorer.device)
            evaluation: Images = View(images, dataset.held)
            truth = torch.empty(0, dtype=torch.int64)  # until people have answered
        else:
            images, evaluation = on_device([dataset.train, dataset.evaluation], scorer.device)
            truth = torch.as_tensor(dataset.evaluation.truth)
        return cls(scorer, images, evaluation, truth, num_classes=len(dataset.classes), **parts)

    def measure_on(self, answers: dict[int, int]) -> None:
        """Evaluates, from now on, on the images of the training set that got a label."""
        indices = sorted(index for index, label in answers.items() if label >= 0)
        if not indices:
            raise UserError(
                "not one image of the evaluation sample has a label, so nothing can be measured: "
                "raise dataset.evaluation_size under another name=..."
            )
        chosen = torch.tensor(indices)
        self.evaluation = View(self.images, chosen.numpy())
        self.truth = torch.tensor([answers[index] for index in indices])

    def refresh(self) -> None:
        """Takes over the present weights of the network."""
        self.scorer.network.refresh()

    def evaluate(self, round: int) -> Evaluation:
        """Measures the present network on the evaluation set. Raises UserError if it diverged."""
        self.refresh()
        looks = self.scorer.looks(self.evaluation, torch.arange(len(self.truth)), "evaluating")
        batches = ((positions, look.logits) for positions, look in looks)
        evaluation = evaluate(batches, self.truth, self.num_classes, self.scorer.device)
        if not torch.tensor(evaluation.loss).isfinite():
            diverged = f"the network diverged in round {round}, its loss is {evaluation.loss}"
            raise UserError(f"{diverged}: lower model.optimizer.lr")
        return evaluation

    def look(self, indices: Tensor) -> Look:
        """A look at a few images of the training set, on the CPU."""
        return self.scorer.look_at(self.images, indices)

    def steadiness(self, before: dict[int, int]) -> tuple[Steadiness | None, dict[int, int]]:
        """How steady the network is on a fixed sample of the pool since its predictions `before`,
        and its predictions now, by index; by the first process for all.
        """
        sample = stop_set(self.pool, self.seed)
        if not len(sample) or not self.scorer.processes.is_first:
            return None, {}
        logits, unlabelled = self.look(sample).logits, torch.isin(sample, self.pool.unlabelled)
        now = dict(zip(sample.tolist(), logits.argmax(dim=1).tolist(), strict=True))
        return steadiness(logits, unlabelled, [before.get(index) for index in now]), now

    def untaught_features(self, indices: Tensor) -> Tensor:
        """The features [N, D] of images by the network as it was before it was given a label, which
        fit no wrong one; all from this process.
        """
        if self.untaught is None:
            return self.look(indices).features
        scorer = replace(self.scorer, network=FrozenNetwork(self.untaught()))
        return scorer.look_at(self.images, indices).features

    def looks(self, round: int) -> PoolLooks:
        """Looks at the pool for a strategy at the end of `round`."""
        parts = (self.scorer, self.images, self.pool, self.draws, self.seed, round)
        if not isinstance(self.images, EmbeddedImages):
            return PoolLooks(*parts)
        fit = partial(temperature, num_classes=self.num_classes, seed=self.seed)
        return PoolLooks(*parts, fit_temperature=fit)

    def regard(self, query: Settled | None, round: int) -> tuple[Diversity | None, Preview | None]:
        """The diversity and the first images of the query that ended `round`, where it bought
        labels; both from one look, by the first process for all.
        """
        if query is None or not len(query.indices) or not self.scorer.processes.is_first:
            return None, None
        queried = self.look(query.indices[:MOST])
        diversity = query_diversity(
            queried.features,
            lambda some: self.look(torch.as_tensor(some)).features,
            self.pool.unlabelled.numpy(),
            self.seed,
            round,
        )
        return diversity, self._preview(query, queried)

    def _preview(self, query: Settled, look: Look) -> Preview:
        indices = query.indices[:PREVIEWED]
        return Preview(
            indices.numpy(),
            query.labels[:PREVIEWED].numpy(),
            look.logits[:PREVIEWED].argmax(dim=1).numpy(),
            None if query.scores is None else query.scores[:PREVIEWED].numpy(),
            pictures_of(self.images).fetch(indices.numpy()).cpu().numpy(),
        )
