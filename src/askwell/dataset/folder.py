"""A user's own images, sorted into one folder per class."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from askwell.dataset.base import ImageDataset, Splits
from askwell.errors import UserError
from askwell.images.class_folders import layout
from askwell.images.contracts import truth_of
from askwell.images.held_out import held_out
from askwell.images.sources import FileSource
from askwell.images.tree import file_source, remarks_on_loose, subfolders
from askwell.text import first_of, visible, writable


@dataclass(frozen=True, kw_only=True)
class Folder(ImageDataset):
    """The class folders in `root`, or in its train and test folders under one of their usual names.

    Without a test folder the fraction `held_out` of each class is kept for evaluation, always the
    same images. `bits` is how many bits of a 16-bit level the images use, which scales them.
    """

    root: Path | str | None = None
    held_out: float = 0.2
    bits: int | None = None

    def splits(self) -> Splits:
        if self.root is None:
            raise UserError("dataset=folder needs to know where the images are: set dataset.root=…")
        if self.bits is not None and not (isinstance(self.bits, int) and 1 <= self.bits <= 16):
            raise UserError(f"dataset.bits must be a whole number from 1 to 16, found {self.bits}")
        root = Path(self.root).absolute()
        if not root.is_dir():
            name = visible(str(root))
            raise UserError(
                f"there is no folder {name}: set dataset.root to the folder that holds the class "
                "folders"
            )
        train, test, remarks = layout(root, [str(name) for name in self._asked_for])
        return self._two_folders(train, test, remarks) if test else self._one_folder(train, remarks)

    @property
    def _asked_for(self) -> Sequence[str | int]:
        return [] if self.classes is None or isinstance(self.classes, str | int) else self.classes

    def _two_folders(self, train: Path, test: Path, remarks: Sequence[str]) -> Splits:
        folders = subfolders(train)
        if differing := set(folders) ^ set(subfolders(test)):
            sides = [
                f"{name} only in {train if name in folders else test}" for name in sorted(differing)
            ]
            found = first_of([visible(side) for side in sides])
            raise UserError(f"train and test must have the same class folders, found {found}")
        return Splits(
            self._source(train, folders, remarks), self._source(test, folders), class_names(folders)
        )

    def _one_folder(self, root: Path, remarks: Sequence[str]) -> Splits:
        folders = subfolders(root)
        everything = self._source(root, folders, remarks)
        kept = _held_out(everything, root, folders, self.held_out)
        evaluation = replace(everything.subset(kept), remarks=())
        return Splits(everything.subset(~kept), evaluation, class_names(folders))

    def _source(
        self, root: Path, folders: Iterable[str], remarks: Sequence[str] = ()
    ) -> FileSource:
        all_remarks = [*remarks, *remarks_on_loose(root)]
        return file_source(
            [[root / name] for name in folders],
            self.image_size,
            self.channels,
            self.bits,
            all_remarks,
            Path(self.root or "").absolute(),
        )


def class_names(folders: Sequence[str]) -> tuple[str, ...]:
    """The names of the class folders, as text that any file can hold.

    Bytes that are not UTF-8 and control characters are written out. Raises UserError where two
    become the same.
    """
    names = tuple(map(writable, folders))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(
            f"two class folders are called {twice} once it is written out: rename one of them"
        )
    return names


def _held_out(
    source: FileSource, root: Path, folders: Sequence[str], fraction: float
) -> np.ndarray:
    kept = []
    bounds = np.searchsorted(
        truth_of(source), range(len(folders) + 1)
    )  # the labels of a folder's images rise
    for name, first, last in zip(folders, bounds, bounds[1:], strict=False):
        files = [Path(file).relative_to(root).as_posix() for file in source.files[first:last]]
        if len(files) < 2:
            single = visible(str(root / name))
            raise UserError(
                f"the class folder {single} holds a single image: evaluation needs another one"
            )
        kept.append(held_out(files, fraction))
    return np.concatenate(kept)
