"""What a pool remembers of an image: its label, that it has none, or one more answer."""

from dataclasses import dataclass
from typing import NamedTuple


class Purchase(NamedTuple):
    """One label, for training from `round` on; `score` is None where the strategy has none."""

    label: int
    round: int
    score: float | None


class Dropped(NamedTuple):
    """An image that left the pool without a label, asked about for `round`."""

    kind: int  # below 0, as oracle/answers.py names them
    round: int


@dataclass(frozen=True)
class Repeat:
    """One more answer to an image that had a label, and what the label became by it. One that was
    not `asked` for corrects those before, and costs nothing.
    """

    index: int
    answer: int  # below 0 where it is no label; the label stays then
    before: int
    label: int
    round: int  # the first to train on it
    asked: bool = True
