"""The callback that sends every round to every logger."""

from typing import Any

import numpy as np
from pytorch_lightning import Callback, Trainer

from askwell.learning_curve import TARGETS, area_under_curve, labels_to_target, target_name
from askwell.logger.writer import Confusion, Gallery, RoundWriter, writer_for
from askwell.loop.listener import RoundListener
from askwell.loop.rounds import Preview, RoundResult


class LogRounds(Callback, RoundListener):
    """Sends the same facts to all loggers of the trainer, drawn against labels.

    Its state is the learning curve.
    """

    def __init__(self) -> None:
        self.labels: list[int] = []
        self.accuracy: list[float] = []
        self.last: RoundResult | None = None

    def state_dict(self) -> dict[str, Any]:
        return {"labels": list(self.labels), "accuracy": list(self.accuracy)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.labels, self.accuracy = list(state_dict["labels"]), list(state_dict["accuracy"])

    def on_round_end(self, trainer: Trainer, result: RoundResult) -> None:
        self.labels.append(result.labels)
        self.accuracy.append(result.accuracy)
        self.last = result
        queried = (
            gallery(result.preview, result.classes) if trainer.loggers and result.preview else None
        )
        for writer in _writers(trainer):
            writer.write_numbers(numbers(result), result.labels)
            if queried is not None:
                writer.write_gallery("queried_images", queried, result.labels)

    def on_rounds_end(self, trainer: Trainer, reason: str) -> None:
        for writer in _writers(trainer):
            if self.last is not None and self.last.evaluation.confusion is not None:
                confusion = Confusion(self.last.evaluation.confusion, self.last.classes)
                writer.write_confusion(confusion, self.last.labels)
            if self.labels:
                writer.write_summary(
                    summary(self.labels, self.accuracy, reason == "target_accuracy")
                )


def numbers(result: RoundResult) -> dict[str, float]:
    """A round as flat names and numbers.

    Classes without evaluation images and the initial set lack some of them.
    """
    diversity = {} if result.query_diversity is None else result.query_diversity._asdict()
    by_class = {name: value for name, value in result.class_accuracy.items() if not np.isnan(value)}
    return {
        "accuracy": result.accuracy,
        "loss": result.evaluation.loss,
        "worst_class_accuracy": result.class_accuracy[result.worst_class],
        "pool_size": result.pool_size,
        "seconds/train": result.train_seconds,
        "seconds/score": result.score_seconds,
        "seconds/evaluate": result.eval_seconds,
        **{f"class_accuracy/{name}": value for name, value in by_class.items()},
        **{f"queried/{name}": count for name, count in result.query_class_counts.items()},
        **{f"query_diversity/{name}": value for name, value in diversity.items()},
    }


def summary(
    labels: list[int], accuracy: list[float], stopped: bool = False
) -> dict[str, float | int | None]:
    """The numbers that compare whole runs; None for a target that was not reached.

    `stopped`: the accuracy of the last round ended the run.
    """
    return {
        "final_accuracy": accuracy[-1],
        "area_under_curve": area_under_curve(labels, accuracy),
        **{
            target_name(target): labels_to_target(labels, accuracy, target, stopped)
            for target in TARGETS
        },
    }


def gallery(preview: Preview, classes: tuple[str, ...]) -> Gallery:
    """The queried images with index, answer, prediction and score."""
    captions = [
        f"{index}, {classes[label]}"
        for index, label in zip(preview.indices, preview.labels, strict=True)
    ]
    for place, predicted in enumerate([] if preview.predictions is None else preview.predictions):
        captions[place] += f", predicted {classes[predicted]}"
    for place, score in enumerate([] if preview.scores is None else preview.scores):
        captions[place] += f", score {score:.3f}"
    return Gallery(preview.pixels, tuple(captions))


def _writers(trainer: Trainer) -> list[RoundWriter]:
    return [writer_for(logger) for logger in trainer.loggers]
