"""Folders of unlabelled photos of three data sets, and what a person says of each: real people's
labels of CIFAR-10, mistakes included, and the truth for Fruits-360 and MNIST.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from bench import program

ANNOTATOR = "random1"
"""The column of CIFAR-10N (Wei et al., ICLR 2022) with the first label that anybody gave."""


class Named(NamedTuple):
    """An image of a data set: the name and content of its file, and what it shows."""

    file: str
    content: Callable[[], bytes]
    truth: str


class Photos(NamedTuple):
    """Images in a folder, in the order of their names, and the answer to each."""

    folder: Path
    answers: list[str]

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def tell(self) -> Callable[[bytes], str]:
        """What answers to an image as the page shows it, in whatever format."""
        said = zip(self.files, self.answers, strict=True)
        known = {_pixels(file.read_bytes()): answer for file, answer in said}
        return lambda content: known[_pixels(content)]


def pool(dataset: str, folder: Path, count: int) -> Photos:
    """Writes `count` random training images of a data set without their classes."""
    answers = human_labels() if dataset == "cifar10" else {}
    return _written(images_of(dataset, train=True), folder, count, answers)


def test(dataset: str, folder: Path, count: int) -> Photos:
    """Writes `count` random test images of a data set; their answers are the truth."""
    return _written(images_of(dataset, train=False), folder, count, {})


def images_of(dataset: str, train: bool) -> list[Named]:
    """All images of a part of the data set, in a fixed order."""
    root = Path(program.config().data_dir)
    if dataset == "mnist":
        return list(_digits(root, train))
    place = {
        "cifar10": root / "cifar10" / ("train" if train else "test"),
        "fruits": root / "fruits-360" / ("Training" if train else "Test"),
    }[dataset]
    files = sorted(place.glob("*/*.jpg"))
    return [
        Named(str(file.relative_to(place.parent)), file.read_bytes, file.parent.name)
        for file in files
    ]


def human_labels() -> dict[str, str]:
    """The label that a person gave to each training image of CIFAR-10, by its name."""
    file = Path(program.config().data_dir) / "cifar10" / "human-labels.csv"
    with file.open(newline="") as lines:
        return {row["image"]: row[ANNOTATOR] for row in csv.DictReader(lines)}


def classes_of(photos: Photos) -> Sequence[str]:
    """The names of the classes, in order."""
    return sorted(set(photos.answers))


def _written(
    images: Sequence[Named], folder: Path, count: int, answers: Mapping[str, str]
) -> Photos:
    """A random choice among `images` in `folder`, under names that are numbers. The answer is that
    in `answers`, or the truth.
    """
    order = np.random.default_rng(0).permutation(len(images))[:count]
    chosen = [images[place] for place in order]
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(chosen):
        file = folder / f"{number:05}{Path(image.file).suffix}"
        if not file.exists():
            file.write_bytes(image.content())
    return Photos(folder, [answers.get(image.file, image.truth) for image in chosen])


def _digits(root: Path, train: bool) -> Iterator[Named]:
    from torchvision.datasets import MNIST

    digits = MNIST(root, train)
    for number, (pixels, label) in enumerate(zip(digits.data, digits.targets, strict=True)):
        yield Named(f"{number}.png", partial(_png, pixels.numpy()), str(int(label)))


def _png(pixels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def _pixels(content: bytes) -> bytes:
    """A digest of the pixels of an image file."""
    return hashlib.sha256(Image.open(io.BytesIO(content)).convert("RGB").tobytes()).digest()
