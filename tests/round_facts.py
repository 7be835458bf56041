"""Rounds of a made-up run of two classes, for the tests of those who are told of rounds."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from askwell.loop.rounds import Preview, RoundResult
from askwell.scoring.evaluation import Evaluation

CLASSES = ("ash", "birch")
PIXELS = (
    torch.arange(6 * 3 * 8 * 8, dtype=torch.int64)
    .remainder(200)
    .add(50)
    .to(torch.uint8)
    .view(6, 3, 8, 8)
)


def round_result(round: int, hits: int = 8, **facts: Any) -> RoundResult:
    """A round whose first class is recognised in `hits` of 10 images and its second in 9 of 10."""
    preview = Preview(
        np.array([4, 1]),
        np.array([0, 1]),
        np.array([1, 1]),
        np.array([0.25, 0.125], np.float32),
        PIXELS[[4, 1]].numpy(),
    )
    usual: dict[str, Any] = {
        "round": round,
        "labels": 10 * (round + 1),
        "evaluation": Evaluation((hits + 9) / 20, 0.5, np.array([[hits, 10 - hits], [1, 9]])),
        "classes": CLASSES,
        "pool_size": 100,
        "query_class_counts": {"ash": 3, "birch": 7},
        "train_seconds": 1.0,
        "score_seconds": 2.0,
        "eval_seconds": 3.0,
        "lost_classes": (),
        "preview": preview,
    }
    return RoundResult(**{**usual, **facts})


def trainer_with(*loggers: Any) -> Any:
    """What a listener sees of a trainer: its loggers."""
    return SimpleNamespace(loggers=list(loggers))
