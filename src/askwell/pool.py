"""The pool: which labels were bought, in which order."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any

import torch
from torch import Tensor

from askwell.purchase import Dropped, Purchase, Repeat


class Pool:
    """The training images of a run: all are candidates until they have an answer.

    Purchases, dropped images and repeated answers, in query order, are the only state; everything
    else is derived.
    `held` images are for evaluation and `broken` ones cannot be read: neither are candidates.
    `given` labels were there before anything was asked and cost nothing.

    >>> pool = Pool(5)
    >>> pool.label([3, 0], labels=[7, 7], round=0)
    >>> pool.labelled.tolist(), pool.unlabelled.tolist()
    ([3, 0], [1, 2, 4])
    """

    def __init__(
        self,
        size: int,
        held: Sequence[int] = (),
        given: Sequence[int] = (),
        broken: Sequence[int] = (),
    ) -> None:
        self.size, self.held, self.given, self.broken = size, list(held), list(given), list(broken)
        self.purchases: dict[int, Purchase] = {}
        self.dropped: dict[int, Dropped] = {}
        self.repeats: list[Repeat] = []

    def __len__(self) -> int:
        """How many images have a label."""
        return len(self.purchases)

    def label(
        self,
        indices: Iterable[int],
        labels: Iterable[int],
        round: int,
        scores: Iterable[float] | None = None,
    ) -> None:
        """Enters labels. Raises ValueError for a repeated or unknown index; nothing is entered."""
        indices = self._new(indices)
        known = [None] * len(indices) if scores is None else [float(score) for score in scores]
        bought = [
            Purchase(int(label), round, score) for label, score in zip(labels, known, strict=True)
        ]
        self.purchases.update(zip(indices, bought, strict=True))

    def drop(self, indices: Iterable[int], kinds: Iterable[int], round: int) -> None:
        """Removes images without a label. Raises ValueError as `label` does."""
        gone = [Dropped(int(kind), round) for kind in kinds]
        self.dropped.update(zip(self._new(indices), gone, strict=True))

    def repeat(self, index: int, answer: int, label: int, round: int, asked: bool = True) -> None:
        """Enters one more answer to a labelled image, whose label is `label` from now on.

        >>> pool = Pool(5)
        >>> pool.label([3], labels=[7], round=0)
        >>> pool.repeat(3, answer=2, label=2, round=1)
        >>> pool.labels([3]).item(), pool.purchases[3].label, pool.total
        (2, 7, 2)
        """
        before = int(self.labels([index]))
        self.repeats.append(Repeat(index, answer, before, label, round, asked))

    def _new(self, indices: Iterable[int]) -> list[int]:
        indices = [int(index) for index in indices]
        known = [index for index in indices if index in self.purchases or index in self.dropped]
        if known or len(set(indices)) < len(indices):
            raise ValueError(f"a label is bought once: asked again for {known or indices}")
        if indices and not 0 <= min(indices) <= max(indices) < self.size:
            found = f"found {min(indices)} to {max(indices)}"
            raise ValueError(f"expected indices from 0 to {self.size - 1}, {found}")
        return indices

    @property
    def labelled(self) -> Tensor:
        """Indices of the labels in query order, int64 [L]."""
        return torch.tensor(list(self.purchases), dtype=torch.int64)

    @property
    def usable(self) -> Tensor:
        """Indices of the labels whose images can still be read, in query order, int64."""
        broken = set(self.broken)
        return torch.tensor([index for index in self.purchases if index not in broken]).long()

    @property
    def unlabelled(self) -> Tensor:
        """Indices of all candidates, ascending, int64 [N]."""
        candidates = torch.ones(self.size, dtype=torch.bool)
        for taken in (self.purchases, self.dropped, self.held, self.broken):
            candidates[torch.tensor(list(taken), dtype=torch.int64)] = False
        return candidates.nonzero().flatten()

    @property
    def left(self) -> int:
        """How many candidates there are."""
        return self.size - len({*self.purchases, *self.dropped, *self.held, *self.broken})

    @property
    def answers(self) -> int:
        """How many answers were paid for, those without a label too."""
        again = sum(one.asked for one in self.repeats)
        return len(self.purchases) + len(self.dropped) + again - len(self.given)

    @property
    def bought(self) -> int:
        """How many labels were paid for, those of images asked again too."""
        return self.total - len(self.given)

    @property
    def total(self) -> int:
        """How many labels were given: where images were asked again, more than have one."""
        return len(self.purchases) + sum(one.asked and one.answer >= 0 for one in self.repeats)

    def give(self, indices: Iterable[int], labels: Iterable[int], round: int) -> None:
        """Enters labels that cost nothing. Raises ValueError as `label` does."""
        indices = list(indices)
        self.label(indices, labels, round)
        self.given += [index for index in map(int, indices) if index not in self.given]

    def labels(self, indices: Iterable[int]) -> Tensor:
        """The labels at `indices` as they are now, int64; KeyError for one that was not bought."""
        changed = {one.index: one.label for one in self.repeats}
        bought = self.purchases
        places = map(int, indices)
        return torch.tensor([changed.get(one, bought[one].label) for one in places]).long()

    def votes(self, index: int) -> list[int]:
        """All labels that an image was given and that nobody corrected, the oldest first."""
        votes = [self.purchases[index].label]
        for one in self.repeats:
            if one.index == index and one.answer >= 0:
                votes = [*votes, one.answer] if one.asked else [one.answer]
        return votes

    def asked(self, index: int) -> int:
        """How often somebody was paid to answer about a labelled image."""
        again = [one for one in self.repeats if one.index == index and one.asked]
        return (index not in self.given) + len(again)

    def repeats_of_round(self, round: int) -> list[Repeat]:
        """The repeated answers that `round` was the first to train on."""
        return [one for one in self.repeats if one.round == round]

    def labels_of_round(self, round: int) -> Tensor:
        """The labels bought for one round, in query order."""
        bought = [one.label for one in self.purchases.values() if one.round == round]
        return torch.tensor(bought, dtype=torch.int64)

    def answers_of_round(self, round: int) -> Counter[int]:
        """How many answers of each kind were given for one round; those with a label count as 0."""
        given = set(self.given)
        labels = [
            0 for index, one in self.purchases.items() if one.round == round and index not in given
        ]
        return Counter(labels + [one.kind for one in self.dropped.values() if one.round == round])

    @property
    def digest(self) -> str:
        """A digest of this history."""
        parts = [list(self.purchases.items()), list(self.dropped.items()), self.repeats]
        history = repr(parts[0]) + "".join(repr(part) for part in parts[1:] if part)
        return hashlib.sha256(history.encode()).hexdigest()[:16]

    def state_dict(self) -> dict[str, Any]:
        """Plain lists, so that a checkpoint loads with `weights_only=True`."""
        return {
            "size": self.size,
            "given": self.given,
            "purchases": [[index, *bought] for index, bought in self.purchases.items()],
            "dropped": [[index, *gone] for index, gone in self.dropped.items()],
            "repeats": [list(astuple(one)) for one in self.repeats],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes the history of `state`, in place.

        Raises ValueError for a larger pool than this one; a smaller one has grown since.
        """
        if state["size"] > self.size:
            raise ValueError(
                f"expected a pool of {self.size} images, the checkpoint has {state['size']}"
            )
        self.given = list(state.get("given", self.given))
        self.purchases.clear()
        self.purchases.update({index: Purchase(*bought) for index, *bought in state["purchases"]})
        self.dropped.clear()
        self.dropped.update({index: Dropped(*gone) for index, *gone in state.get("dropped", [])})
        self.repeats[:] = [Repeat(*one) for one in state.get("repeats", [])]
