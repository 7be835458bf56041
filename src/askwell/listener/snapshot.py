"""What the network makes of its data at chosen rounds: confusion, a map of the evaluation set,
telling images.
"""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_lightning import Callback

from askwell.dataset import Images
from askwell.embedding.embedded import pictures_of
from askwell.errors import UserError
from askwell.files import write_whole
from askwell.loop.callback import ActiveLearning
from askwell.loop.rounds import RoundListener, RoundResult
from askwell.randomness import generator
from askwell.strategy.look import probabilities

LAST = -1
PERPLEXITY = 30.0
"""About how many neighbours of an image t-SNE keeps near it (van der Maaten and Hinton, JMLR 2008).
"""


class Snapshot(Callback, RoundListener):
    """Leaves `folder`/snapshots/round-<number>.npz for each of `rounds`, counted from 0; -1 is the
    last of the run.

    It looks at `images` evaluation images, and at as many of the pool, of which `shown` of two
    kinds are kept.
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

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        learning = next(
            callback for callback in trainer.callbacks if isinstance(callback, ActiveLearning)
        )
        last = learning.reason is not None
        if result.round in self.rounds or (last and LAST in self.rounds):
            self._keep(learning, result)

    def _keep(self, learning: ActiveLearning, result: RoundResult) -> None:
        content = io.BytesIO()
        arrays: dict[str, Any] = {
            **{"round": result.round, "labels": result.labels, "classes": np.array(result.classes)},
            **self._map(learning),
            **self._unlabelled(learning),
        }
        if result.evaluation.confusion is not None:  # very many classes have none
            arrays["confusion"] = result.evaluation.confusion
        np.savez_compressed(content, **arrays)
        write_whole(self.folder / f"round-{result.round:04}.npz", content.getvalue())

    def _map(self, learning: ActiveLearning) -> dict[str, np.ndarray]:
        """Some evaluation images: where they lie [E, 2], what they are [E] and what they are taken
        for [E].
        """
        images = learning.evaluation_images
        indices = self._some(np.arange(len(images)), learning.seed)
        look = learning.scorer.look_at(images, torch.from_numpy(indices))
        predicted = look.logits.argmax(dim=1).numpy()
        return {
            "places": places(look.features.numpy()),
            "truth": images.labels[indices],
            "predicted": predicted,
        }

    def _unlabelled(self, learning: ActiveLearning) -> dict[str, np.ndarray]:
        """Of some images that were never asked for, those that the network is least and most sure
        of, with that.
        """
        images = learning.train_images
        indices = self._some(learning.data.pool.unlabelled, learning.seed)
        if not len(indices):
            return {}
        probs = probabilities(learning.scorer.look_at(images, torch.from_numpy(indices)))
        confidence, predicted = (part.numpy() for part in probs.max(dim=1))
        order = np.argsort(confidence, kind="stable")
        kept = {}
        for kind, chosen in (("unsure", order[: self.shown]), ("sure", order[::-1][: self.shown])):
            kept[f"{kind}_pixels"] = pixels(images, indices[chosen])
            kept[f"{kind}_predicted"], kept[f"{kind}_confidence"] = (
                predicted[chosen],
                confidence[chosen],
            )
        return kept

    def _some(self, indices: np.ndarray, seed: int) -> np.ndarray:
        """At most `images` of them: the same for every strategy of a seed, where they are."""
        order = torch.randperm(len(indices), generator=generator("snapshot", seed))
        return np.sort(indices[order[: self.images].numpy()])


def pixels(images: Images, indices: np.ndarray) -> np.ndarray:
    """The images at `indices` [S], uint8 [S, H, W, C]."""
    return pictures_of(images).fetch(indices).permute(0, 2, 3, 1).cpu().numpy()


def places(features: np.ndarray) -> np.ndarray:
    """Features [E, D] laid out on a plane by t-SNE, float32 [E, 2]; fewer than four images all at
    one place.
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
