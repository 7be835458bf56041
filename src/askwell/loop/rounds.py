"""The result of a round: the same facts for the files, the screen and the loggers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any, NamedTuple

import numpy as np

from askwell.loop.diversity import Diversity
from askwell.loop.stop_set import Steadiness
from askwell.purchase import Repeat
from askwell.scoring.evaluation import Evaluation
from askwell.scoring.interval import interval


@dataclass(frozen=True)
class Preview:
    """The first few queried images, to be shown. P images."""

    indices: np.ndarray  # int64 [P]
    labels: np.ndarray  # int64 [P], the answers of the oracle
    predictions: np.ndarray | None  # int64 [P], the answers of the network; None before it has any
    scores: np.ndarray | None  # float32 [P]; None where the strategy has no scores
    pixels: np.ndarray  # uint8 [P, C, H, W], as people see them


class AskedAgain(NamedTuple):
    """Answers about images that had a label: how many were asked for, how many of them changed it,
    and how many labels people corrected by themselves.
    """

    answers: int
    changed: int
    corrected: int = 0

    @classmethod
    def of(cls, repeats: Sequence[Repeat]) -> "AskedAgain | None":
        """What `repeats` were; None where there are none."""
        asked = [one for one in repeats if one.asked]
        changed = sum(one.label != one.before for one in asked)
        return cls(len(asked), changed, len(repeats) - len(asked)) if repeats else None


@dataclass(frozen=True)
class RoundResult:
    """One finished round: training on `labels` labels, evaluation, and the query that ended it.

    `query_class_counts` and `query_diversity` describe the labels bought *for* this round, by the
    query before it or as the initial set, which has no diversity. `score_seconds` and `preview`
    describe the query that ended it and buys for the next one. `pool_size` is the number of
    unlabelled images when the accuracy was measured. `answers` counts the answers for this round by
    kind, and `asked_again` those about images that had a label. `reason` is why the run ends
    with it. `sample` is the number of evaluation images where
    they are a sample of the pool. `wrong_labels` counts those bought for this round that are not
    the truth, where that is known. `cost` is what counts of all answers until then against the
    budget: their number, or their price.
    """

    round: int
    labels: int
    evaluation: Evaluation
    classes: tuple[str, ...]
    pool_size: int
    query_class_counts: dict[str, int]
    train_seconds: float
    score_seconds: float
    eval_seconds: float
    lost_classes: tuple[str, ...]
    preview: Preview | None
    query_diversity: Diversity | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None
    sample: int | None = None
    steadiness: Steadiness | None = None
    wrong_labels: int | None = None
    cost: float = 0
    asked_again: AskedAgain | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % confidence interval of an accuracy that is measured on a sample."""
        if self.sample is None:
            return None
        return interval(round(self.accuracy * self.sample), self.sample)

    @property
    def accuracy(self) -> float:
        return self.evaluation.accuracy

    @property
    def class_accuracy(self) -> dict[str, float]:
        return dict(zip(self.classes, self.evaluation.class_accuracy.tolist(), strict=True))

    @property
    def worst_class(self) -> str:
        """The class recognised least often; the first of equals."""
        return self.classes[int(np.nanargmin(self.evaluation.class_accuracy))]

    def record(self) -> dict[str, Any]:
        """The round as one line of rounds.jsonl."""
        return {
            "round": self.round,
            "labels": self.labels,
            "accuracy": self.accuracy,
            "class_accuracy": {
                name: None if isnan(value) else value for name, value in self.class_accuracy.items()
            },
            "loss": self.evaluation.loss,
            "train_seconds": self.train_seconds,
            "score_seconds": self.score_seconds,
            "eval_seconds": self.eval_seconds,
            "pool_size": self.pool_size,
            "query_class_counts": self.query_class_counts,
            "lost_classes": list(self.lost_classes),
            "query_diversity": None
            if self.query_diversity is None
            else self.query_diversity._asdict(),
            "answers": dict(self.answers),
            "steadiness": None if self.steadiness is None else self.steadiness._asdict(),
            "wrong_labels": self.wrong_labels,
            "cost": self.cost,
            **({} if self.asked_again is None else {"asked_again": self.asked_again._asdict()}),
        }


LEARNED = 0.5
"""The accuracy at which a class has been learned; at 0 after that it is lost."""


def learned_classes(
    learned: Iterable[str], evaluation: Evaluation, classes: Sequence[str]
) -> list[str]:
    """The classes in `learned`, and after them those that this evaluation finds learned."""
    accuracies = zip(classes, evaluation.class_accuracy, strict=True)
    return list(
        dict.fromkeys([*learned, *(name for name, accuracy in accuracies if accuracy >= LEARNED)])
    )


def lost_classes(
    learned: Iterable[str], evaluation: Evaluation, classes: Sequence[str]
) -> tuple[str, ...]:
    """The classes with an accuracy of 0 that are in `learned`."""
    known = set(learned)
    accuracies = zip(classes, evaluation.class_accuracy, strict=True)
    return tuple(name for name, accuracy in accuracies if accuracy == 0 and name in known)
