"""What loggers receive of a round: numbers for all, matrices and pictures where possible."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from pytorch_lightning.loggers import Logger, TensorBoardLogger


@dataclass(frozen=True)
class Gallery:
    """Pictures with a line under each. P images."""

    pixels: np.ndarray  # uint8 [P, C, H, W]
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Confusion:
    """How often each true class (row) was taken for each class (column). C classes."""

    counts: np.ndarray  # int64 [C, C]
    classes: tuple[str, ...]

    def rows(self) -> Iterator[list[str | int]]:
        """[true class, predicted class, images], one for each pair of classes."""
        pairs = ((true, predicted) for true in self.classes for predicted in self.classes)
        return (
            [*pair, count] for pair, count in zip(pairs, self.counts.ravel().tolist(), strict=True)
        )


class RoundWriter(ABC):
    """What a logger can receive; all but numbers is left out where it has no place for it."""

    @abstractmethod
    def write_numbers(self, numbers: Mapping[str, float], labels: int) -> None:
        """Draws `numbers` against `labels`."""

    def write_gallery(self, name: str, gallery: Gallery, labels: int) -> None:  # noqa: B027
        """Shows pictures."""

    def write_confusion(self, confusion: Confusion, labels: int) -> None:  # noqa: B027
        """Shows a confusion matrix."""

    def write_summary(  # noqa: B027, what a logger has no place for is left out
        self, summary: Mapping[str, float | int | None]
    ) -> None:
        """Keeps the numbers that compare whole runs."""


class NumberWriter(RoundWriter):
    """Any Lightning logger: numbers only."""

    def __init__(self, logger: Logger) -> None:
        self.logger = logger

    def write_numbers(self, numbers: Mapping[str, float], labels: int) -> None:
        self.logger.log_metrics(dict(numbers), step=labels)
        self.logger.save()


class TensorBoardWriter(NumberWriter):
    """TensorBoard: pictures in a row, their captions and the confusion as Markdown tables."""

    logger: TensorBoardLogger

    def write_gallery(self, name: str, gallery: Gallery, labels: int) -> None:
        board = self.logger.experiment
        board.add_images(name, gallery.pixels, labels)
        board.add_text(name, "\n".join(f"1. {caption}" for caption in gallery.captions), labels)

    def write_confusion(self, confusion: Confusion, labels: int) -> None:
        lines = [["true \\ predicted", *confusion.classes], ["---"] * (len(confusion.classes) + 1)]
        for name, row in zip(confusion.classes, confusion.counts.tolist(), strict=True):
            lines.append([name, *map(str, row)])
        self.logger.experiment.add_text(
            "confusion", "\n".join("|".join(cells) for cells in lines), labels
        )


def writer_for(logger: Logger) -> RoundWriter:
    """The logger itself if it can write rounds, else a writer for it."""
    if isinstance(logger, RoundWriter):
        return logger
    return (
        TensorBoardWriter(logger) if isinstance(logger, TensorBoardLogger) else NumberWriter(logger)
    )
