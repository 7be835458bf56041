"""Answers of an oracle: the classes of images, or why there is none."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from askwell.images.contracts import STRANGER

CANNOT_TELL, NONE_OF_THESE, BROKEN, UNANSWERED = -1, STRANGER, -3, -4

KINDS = {"cannot tell": CANNOT_TELL, "none of these": NONE_OF_THESE, "broken": BROKEN}
"""Answers without a label, by the words for them. Their images leave the pool."""


class Answers(NamedTuple):
    """Q answers, in the order of the question: a class, one of `KINDS`, or `UNANSWERED`.

    With `settled` the query is complete as it is; unanswered images stay in the pool.

    >>> Answers(torch.tensor([2, CANNOT_TELL, UNANSWERED])).usable
    1
    """

    labels: Tensor  # int64 [Q]
    settled: bool = False

    @property
    def usable(self) -> int:
        """The number of labels among them."""
        return int((self.labels >= 0).sum())

    @property
    def open(self) -> Tensor:
        """Places of the images without an answer, int64."""
        return torch.nonzero(self.labels == UNANSWERED).flatten()


Oracle = Callable[[Tensor], Any]
"""Indices, int64 [Q], to `Answers`, to Q labels, or to None: not answered yet.

The same index always gets the same label.
"""


def answers_of(said: Any, asked: int) -> Answers:
    """What an oracle returned, as answers to `asked` images."""
    if said is None:
        return Answers(torch.full((asked,), UNANSWERED))
    return said if isinstance(said, Answers) else Answers(torch.as_tensor(said).long())


def kinds_of(counts: Mapping[int, int]) -> dict[str, int]:
    """The number of answers of each kind, by its name; `labels` first.

    >>> kinds_of({0: 5, CANNOT_TELL: 1})
    {'labels': 5, 'cannot tell': 1}
    """
    others = {word: counts[kind] for word, kind in KINDS.items() if counts.get(kind)}
    return {"labels": counts.get(0, 0), **others}


def word_of(label: int, classes: tuple[str, ...]) -> str:
    """An answer as people write it."""
    words = {kind: word for word, kind in KINDS.items()}
    return classes[label] if label >= 0 else words[label]
