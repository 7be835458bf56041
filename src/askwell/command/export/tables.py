"""labels.csv and predictions.csv."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from askwell.command.page.labels import Labelled, labels_of, labels_table, unusable
from askwell.command.page.place import Place
from askwell.command.trained import Trained
from askwell.files import write_whole
from askwell.run.question import table

LABELS, PREDICTIONS = "labels.csv", "predictions.csv"


class Prediction(NamedTuple):
    """What the network makes of an image, named as the run or a folder names it."""

    name: str
    label: str
    probabilities: Tensor  # [C]


def predicted(trained: Trained, root: Path, names: list[str]) -> Iterator[Prediction]:
    """Predictions for the images below `root` that can be read."""
    for place, shares in trained.probabilities([root / name for name in names]):
        yield Prediction(names[place], trained.classes[int(shares.argmax())], shares)


def predictions_table(classes: Iterable[str], predictions: Iterable[Prediction]) -> bytes:
    """Image, label and the probability of each class."""
    rows = (
        [one.name, one.label, *(f"{share:.6f}" for share in one.probabilities.tolist())]
        for one in predictions
    )
    return table(["image", "label", *classes], rows)


def export_csv(run: Path, output: Path, trained: Trained | None) -> None:
    """Writes labels.csv, and predictions.csv for all other images, into the folder `output`."""
    labels = labels_of(run)
    write_whole(output / LABELS, labels_table(labels))
    print(f"{output / LABELS}: {len(labels)} labels")
    if trained is not None:
        predictions = predictions_of_others(run, labels, trained)
        write_whole(output / PREDICTIONS, predictions_table(trained.classes, predictions))
        print(f"{output / PREDICTIONS}: {len(predictions)} predictions")


def predictions_of_others(
    run: Path, labels: Iterable[Labelled], trained: Trained
) -> list[Prediction]:
    """Predictions for the images of a run that nobody labelled, nor called unusable.

    Prints how many of them cannot be read, and where the run keeps no list of its images.
    """
    place = Place(run)
    if place.root is None or not place.names:
        print(f"{run} keeps no list of image files: classify them by askwell predict")
        return []
    done = {one.index for one in labels} | unusable(run)
    others = [name for index, name in enumerate(place.names) if index not in done]
    predictions = list(predicted(trained, place.root, others))
    if lost := len(others) - len(predictions):
        print(f"{lost} of {len(others)} other images cannot be read and have no prediction")
    return predictions
