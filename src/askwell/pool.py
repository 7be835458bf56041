"""The pool: which labels were bought, in which order."""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np


class Purchase(NamedTuple):
    """One bought label. `round` is the first round that trains on it; `score` is None where the
    strategy has none.
    """

    label: int
    round: int
    score: float | None


class Pool:
    """The training images of an experiment: all are candidates until their label is bought.

    The purchases, in query order, are the only state; what is labelled and what is not is derived
    from them.

    >>> pool = Pool(5)
    >>> pool.label([3, 0], labels=[7, 7], round=0)
    >>> pool.labelled.tolist(), pool.unlabelled.tolist()
    ([3, 0], [1, 2, 4])
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.purchases: dict[int, Purchase] = {}

    def __len__(self) -> int:
        """How many labels were bought."""
        return len(self.purchases)

    def label(
        self,
        indices: Iterable[int],
        labels: Iterable[int],
        round: int,
        scores: Iterable[float] | None = None,
    ) -> None:
        """Enters bought labels. Raises ValueError, with nothing entered, for a repeated or unknown
        index.
        """
        indices = [int(index) for index in indices]
        repeated = [index for index in indices if index in self.purchases]
        if repeated or len(set(indices)) < len(indices):
            raise ValueError(f"a label is bought once: asked again for {repeated or indices}")
        if indices and not 0 <= min(indices) <= max(indices) < self.size:
            raise ValueError(
                f"expected indices from 0 to {self.size - 1}, found {min(indices)} to "
                f"{max(indices)}"
            )
        known = [None] * len(indices) if scores is None else [float(score) for score in scores]
        bought = [
            Purchase(int(label), round, score) for label, score in zip(labels, known, strict=True)
        ]
        self.purchases.update(zip(indices, bought, strict=True))

    @property
    def labelled(self) -> np.ndarray:
        """Indices of the bought labels in query order, int64 [L]."""
        return np.fromiter(self.purchases, np.int64, len(self.purchases))

    @property
    def unlabelled(self) -> np.ndarray:
        """Indices of all other images, ascending, int64 [N]."""
        unlabelled = np.ones(self.size, bool)
        unlabelled[self.labelled] = False
        return np.flatnonzero(unlabelled)

    def labels(self, indices: Iterable[int]) -> np.ndarray:
        """The bought labels at `indices`, int64; KeyError for one that was not bought."""
        return np.array([self.purchases[int(index)].label for index in indices], np.int64)

    def labels_of_round(self, round: int) -> np.ndarray:
        """The labels bought for one round, in query order."""
        return np.array(
            [bought.label for bought in self.purchases.values() if bought.round == round], np.int64
        )

    @property
    def digest(self) -> str:
        """Names this very history of purchases."""
        return hashlib.sha256(repr(list(self.purchases.items())).encode()).hexdigest()[:16]

    def state_dict(self) -> dict[str, Any]:
        """Plain lists, so that a checkpoint loads with `weights_only=True`."""
        return {
            "size": self.size,
            "purchases": [[index, *bought] for index, bought in self.purchases.items()],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes the purchases of `state`, in place. Raises ValueError for a pool of another
        size.
        """
        if state["size"] != self.size:
            raise ValueError(
                f"expected a pool of {self.size} images, the checkpoint has {state['size']}"
            )
        self.purchases.clear()
        self.purchases.update({index: Purchase(*bought) for index, *bought in state["purchases"]})
