"""A folder whose labels, all or some of them, are still to be given; it may grow meanwhile."""

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from askwell.dataset.base import UNKNOWN, ImageDataset, OpenDataset, Splits
from askwell.errors import UserError
from askwell.images.asked import open_asked
from askwell.images.image_list import ImageList, grown, read_list, write_list
from askwell.images.opening import chosen_of, open_splits
from askwell.images.sources import FileSource, path_below
from askwell.text import visible, writable


class Found(NamedTuple):
    """What is in a folder: the label of each image, by its path relative to `root`."""

    root: Path
    labels: Mapping[str, int]  # UNKNOWN where it is not known
    classes: tuple[str, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ListedDataset(ImageDataset):
    """The images in `root`, in name order; their labels are asked for unless all are known.

    With `image_list` the run keeps the list of the images in that file, and every later start uses
    it: an index never changes its meaning, and an image that is gone keeps its own. With `grow`
    files that appeared since get the next indices; otherwise they are not used. `bits` is how many
    bits of a 16-bit level the images use.
    """

    root: Path | str | None = None
    bits: int | None = None
    grow: bool | None = None
    image_list: Path | str | None = None

    @abstractmethod
    def find(self) -> Found:
        """Lists the images and what is known of them; decodes none."""

    def splits(self) -> Splits:
        """Lists the images. Raises UserError for settings that do not fit what is there."""
        return self._splits(self._known)

    def open(self) -> OpenDataset:
        """The images, ready to be fetched; the list of them is written where it has changed."""
        known = self._known
        splits, cache_dir = self._splits(known), Path(self.cache_dir)
        if splits.evaluation is not None:
            chosen = chosen_of(splits, self.classes)
            return open_splits(chosen, None, self.store, cache_dir, self.broken_images)
        dataset, first = open_asked(
            chosen_of(splits, self.classes),
            self.store,
            cache_dir,
            self.broken_images,
            self.evaluation_size,
            known.first if known else None,
        )
        if self.image_list is not None and isinstance(splits.train, FileSource):
            self._keep(known, ImageList(_names_below(splits.train), first))
        return dataset

    def with_evaluation(self, source: FileSource, classes: tuple[str, ...]) -> Splits:
        """The splits of images that all have their labels."""
        raise UserError(
            "every image of the folder has a label: use dataset=folder, or set dataset.labelled to "
            "the folder that holds the labelled ones"
        )

    @property
    def _known(self) -> ImageList | None:
        return None if self.image_list is None else read_list(Path(self.image_list))

    def _splits(self, known: ImageList | None) -> Splits:
        self._check()
        found = self._present(self.find(), known)
        if known is None:
            names: Sequence[str] = sorted(found.labels)
        else:
            names = grown(known.names, found.labels) if self.grow else known.names
        source = self._source(found, names)
        if known is not None or source.truth is None or UNKNOWN in source.truth:
            return Splits(source, None, found.classes)
        return self.with_evaluation(source, found.classes)

    def _source(self, found: Found, names: Sequence[str]) -> FileSource:
        truth = np.array([found.labels.get(name, UNKNOWN) for name in names], np.int64)
        return FileSource(
            [os.path.join(found.root, name) for name in names],
            truth if (truth != UNKNOWN).any() else None,
            self.image_size,
            self.channels,
            self.bits,
            (*found.remarks, *_remarks_on(found, names)),
            os.fspath(found.root),
            frozenset(index for index, name in enumerate(names) if name not in found.labels),
        )

    def _present(self, found: Found, known: ImageList | None) -> Found:
        """What is found, without links that lead nowhere where a run knew of a file: it is gone."""
        if known is None:
            return found
        labels = {
            name: label
            for name, label in found.labels.items()
            if os.path.exists(os.path.join(found.root, name))
        }
        return found._replace(labels=labels)

    def _check(self) -> None:
        if self.bits is not None and not (isinstance(self.bits, int) and 1 <= self.bits <= 16):
            raise UserError(f"dataset.bits must be a whole number from 1 to 16, found {self.bits}")

    def _keep(self, known: ImageList | None, images: ImageList) -> None:
        if self.image_list is not None and images != known:
            write_list(Path(self.image_list), images)


def folder_at(root: Path | str | None, setting: str) -> Path:
    """The folder that a setting names, as an absolute path. Raises UserError without one."""
    if root is None:
        raise UserError(f"where are the images? Set {setting}=… to their folder")
    folder = Path(root).absolute()
    if not folder.is_dir():
        raise UserError(
            f"there is no folder {visible(str(folder))}: set {setting} to the folder of the images"
        )
    return folder


def class_names_of(classes: Sequence[str | int] | str | int | None) -> tuple[str, ...] | None:
    """The classes that `dataset.classes` names; None where it names none. Raises UserError for
    what is no list of at least two different names.
    """
    if classes is None:
        return None
    if isinstance(classes, str | int):
        raise UserError(f"dataset.classes must be a list, write dataset.classes=[{classes},…]")
    names = tuple(writable(str(name)) for name in classes)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or len(names) < 2 or "" in names:
        raise UserError(
            f"dataset.classes must name at least two classes, each once, found [{', '.join(names)}]"
        )
    return names


def _names_below(source: FileSource) -> tuple[str, ...]:
    return tuple(path_below(source.root or "", file) for file in source.files)


def _remarks_on(found: Found, names: Sequence[str]) -> tuple[str, ...]:
    gone, new = len(set(names) - set(found.labels)), len(set(found.labels) - set(names))
    remarks = {
        f"{gone} images are gone from {visible(str(found.root))}: they are not asked about": gone,
        f"{new} images came to {visible(str(found.root))} since the run began and are not used: "
        "set dataset.grow=true to use them": new,
    }
    return tuple(remark for remark, count in remarks.items() if count)
