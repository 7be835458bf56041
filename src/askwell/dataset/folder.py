"""Any images of one's own, sorted into one folder a class."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np

from askwell.dataset.base import ImageDataset, Splits
from askwell.dataset.held_out import held_out
from askwell.dataset.sources import FileSource
from askwell.dataset.tree import file_source, subfolders
from askwell.errors import UserError

TRAIN = ("train", "training")
TEST = ("test", "testing", "val", "valid", "validation")  # the first that is there is the one for evaluation


@dataclass(frozen=True, kw_only=True)
class Folder(ImageDataset):
    """The class folders in `root`, or in its train and test folders under one of their usual names.

    Without a test folder the fraction `held_out` of each class is kept for evaluation, always the same images.
    """

    root: Path | str | None = None
    held_out: float = 0.2

    def splits(self) -> Splits:
        if self.root is None:
            raise UserError("dataset=folder needs to know where the images are: set dataset.root=…")
        root = Path(self.root).absolute()
        if not root.is_dir():
            raise UserError(f"there is no folder {root}: set dataset.root to the folder that holds the class folders")
        train, test = _named(root, TRAIN), _named(root, TEST)
        if train and test:
            return self._two_folders(train, test)
        return self._one_folder(train if train and subfolders(root) == [train.name] else root)

    def _two_folders(self, train: Path, test: Path) -> Splits:
        classes = tuple(subfolders(train))
        if differing := set(classes) ^ set(subfolders(test)):
            sides = (f"{name} only in {(train if name in classes else test)}" for name in sorted(differing))
            raise UserError(f"train and test must have the same class folders, found {', '.join(sides)}")
        return Splits(self._source(train, classes), self._source(test, classes), classes)

    def _one_folder(self, root: Path) -> Splits:
        classes = tuple(subfolders(root))
        if not classes:
            raise UserError(f"{root} has no class folders: give every class a folder of its images")
        everything = self._source(root, classes)
        kept = _held_out(everything, root, classes, self.held_out)
        return Splits(_subset(everything, ~kept), _subset(everything, kept), classes)

    def _source(self, root: Path, classes: Iterable[str]) -> FileSource:
        return file_source([[root / name] for name in classes], self.image_size, self.channels)


def _named(root: Path, names: Iterable[str]) -> Path | None:
    """The folder in `root` with the first of the names that is there, in upper or lower case."""
    folders = {name.lower(): root / name for name in subfolders(root)}
    return next((folders[name] for name in names if name in folders), None)


def _held_out(source: FileSource, root: Path, classes: tuple[str, ...], fraction: float) -> np.ndarray:
    kept = []
    for label, name in enumerate(classes):
        files = [Path(file).relative_to(root).as_posix() for file in compress(source.files, source.labels == label)]
        if len(files) < 2:
            raise UserError(f"the class folder {root / name} holds a single image: evaluation needs another one")
        kept.append(held_out(files, fraction))
    return np.concatenate(kept)


def _subset(source: FileSource, mask: np.ndarray) -> FileSource:
    files = list(compress(source.files, mask))
    return FileSource(files, source.labels[mask], source.image_size, source.channels)
