"""Snapshots of chosen rounds: confusion, a map of the evaluation set, telling images."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_lightning import Callback
from torch import Tensor

from askwell.embedding.embedded import pictures_of
from askwell.errors import UserError
from askwell.files import write_whole
from askwell.images.contracts import Images
from askwell.loop.listener import RoundListener, RunView
from askwell.loop.rounds import RoundResult
from askwell.loop.sight import Sight
from askwell.randomness import generator
from askwell.strategy.look import probabilities

LAST = -1
PERPLEXITY = 30.0
"""About how many neighbours of an image t-SNE keeps near it (van der Maaten and Hinton, JMLR 2008).
"""


class Snapshot(Callback, RoundListener):
    """Writes `folder`/snapshots/round-<number>.npz for each of `rounds`.

    Rounds count from 0; -1 is the last of the run.

    It looks at `images` evaluation images and as many of the pool. Of these it keeps `shown` of
    each kind, sure and unsure.
    """

    def __init__(
        self, folder: str, rounds: Sequence[int] = (), images: int = 1000, shown: int = 24
    ) -> None:
        self.folder = Path(folder) / "snapshots"
        self.rounds = tuple(rounds) if isinstance(rounds, Iterable) else (rounds,)
        self.images, self.shown = images, shown
        if not all(isinstance(round, int) and round >= LAST for round in self.rounds):
            raise UserError(
                f"callbacks.snapshot.rounds={list(self.rounds)}: expected numbers of rounds, or "
                "-1 for the last"
            )

    def on_rounds_start(self, trainer: Any, run: RunView, start: int) -> None:
        self.run = run

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        if result.round in self.rounds or (result.reason is not None and LAST in self.rounds):
            self._keep(self.run.sight, result)

    def _keep(self, sight: Sight, result: RoundResult) -> None:
        content = io.BytesIO()
        arrays: dict[str, Any] = {
            **{"round": result.round, "labels": result.labels, "classes": np.array(result.classes)},
            **self._map(sight),
            **self._unlabelled(sight),
        }
        if result.evaluation.confusion is not None:  # very many classes have none
            arrays["confusion"] = result.evaluation.confusion
        np.savez_compressed(content, **arrays)
        write_whole(self.folder / f"round-{result.round:04}.npz", content.getvalue())

    def _map(self, sight: Sight) -> dict[str, np.ndarray]:
        """Some evaluation images: their places [E, 2], true [E] and predicted classes [E]."""
        indices = self._some(torch.arange(len(sight.truth)), sight.seed)
        look = sight.scorer.look_at(sight.evaluation, indices)
        return {
            "places": places(look.features.numpy()),
            "truth": sight.truth[indices].numpy(),
            "predicted": look.logits.argmax(dim=1).numpy(),
        }

    def _unlabelled(self, sight: Sight) -> dict[str, np.ndarray]:
        """Unlabelled images of which the network is least and most sure, with its confidence."""
        indices = self._some(sight.pool.unlabelled, sight.seed)
        if not len(indices):
            return {}
        probs = probabilities(sight.look(indices))
        confidence, predicted = (part.numpy() for part in probs.max(dim=1))
        order = np.argsort(confidence, kind="stable")
        kept = {}
        for kind, chosen in (("unsure", order[: self.shown]), ("sure", order[::-1][: self.shown])):
            kept[f"{kind}_pixels"] = pixels(sight.images, indices.numpy()[chosen])
            kept[f"{kind}_predicted"] = predicted[chosen]
            kept[f"{kind}_confidence"] = confidence[chosen]
        return kept

    def _some(self, indices: Tensor, seed: int) -> Tensor:
        """At most `images` of them, the same for every strategy of a seed."""
        order = torch.randperm(len(indices), generator=generator("snapshot", seed))
        return indices[order[: self.images]].sort().values


def pixels(images: Images, indices: np.ndarray) -> np.ndarray:
    """The images at `indices` [S], uint8 [S, H, W, C]."""
    return pictures_of(images).fetch(indices).permute(0, 2, 3, 1).cpu().numpy()


def places(features: np.ndarray) -> np.ndarray:
    """Features [E, D] laid out on a plane by t-SNE, float32 [E, 2].

    Fewer than four images are all at one place.
    """
    from sklearn.manifold import TSNE  # a second that runs without snapshots need not wait

    if len(features) < 4:
        return np.zeros((len(features), 2), np.float32)
    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    return (
        TSNE(perplexity=perplexity, init="random", random_state=0)
        .fit_transform(features)
        .astype(np.float32)
    )
