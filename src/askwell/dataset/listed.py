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
from askwell.images.asked import held_in, open_asked, undecoded
from askwell.images.image_list import ImageList, grown, read_list, some_of, write_list
from askwell.images.opening import chosen_of, open_splits
from askwell.images.sources import FileSource, path_below
from askwell.text import visible, writable


class Found(NamedTuple):
    """What is in a folder: the label of each image, by its path relative to `root`."""

    root: Path
    labels: Mapping[str, int]  # UNKNOWN where it is not known
    classes: tuple[str, ...]
    remarks: tuple[str, ...] = ()


class Begun(NamedTuple):
    """What is known of a folder before anything is decoded."""

    source: FileSource
    held: np.ndarray  # int64 [E], indices of the evaluation sample
    classes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ListedDataset(ImageDataset):
    """The images in `root`, in name order; their labels are asked for unless all are known.

    With `image_list` the run keeps the list of the images in that file, and every later start uses
    it: an index never changes its meaning, and an image that is gone keeps its own. With `grow`
    files that appeared since get the next indices; otherwise they are not used. Of a larger folder
    `at_first` random images are used, and it is not listed again. `bits` is how many bits of a
    16-bit level the images use.
    """

    root: Path | str | None = None
    bits: int | None = None
    grow: bool | None = None
    image_list: Path | str | None = None
    at_first: int | None = None

    @abstractmethod
    def find(self, known: Sequence[str] | None = None) -> Found:
        """Lists the images and what is known of them; decodes none. Of `known` ones alone looks
        which are there, where that is faster.
        """

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

    def begin(self) -> Begun | None:
        """Lists the images and draws the evaluation sample; both are kept in `image_list`, for
        `open` and for every later start. None where all images have their labels.

        Raises UserError as `open` does for what is wrong before anything is decoded.
        """
        known = self._known
        splits = self._splits(known)
        if splits.evaluation is not None or not isinstance(splits.train, FileSource):
            return None
        source, classes = splits.train, chosen_of(splits, self.classes).classes
        held = held_in(source, self.evaluation_size, known.first if known else None)
        if known is None:
            self._keep(None, ImageList(_names_below(source), undecoded(len(source), held)))
        return Begun(source, held, classes)

    def longer(self) -> ImageList | None:
        """The list that is kept with as many random images more as it has, of those in the folder
        that are not in it; None where it has them all, or where nothing is decoded yet.
        """
        known = self._known
        if known is None or not known.first.fingerprint:
            return None
        others = self.find().labels.keys() - set(known.names)
        more = some_of(dict.fromkeys(others, UNKNOWN), len(known.names))
        return known._replace(names=(*known.names, *more)) if more else None

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
        found = self._present(self.find(self._listed_before(known)), known)
        names = self._names_of(found, known)
        source = self._source(found, names)
        if known is not None or source.truth is None or UNKNOWN in source.truth:
            return Splits(source, None, found.classes)
        return self.with_evaluation(source, found.classes)

    def _listed_before(self, known: ImageList | None) -> Sequence[str] | None:
        """The images of the list, where the folder is too large to be listed once more."""
        return known.names if known is not None and self.at_first is not None else None

    def _names_of(self, found: Found, known: ImageList | None) -> Sequence[str]:
        if known is None:
            return some_of(found.labels, self.at_first)
        grows = self.grow and self.at_first is None
        return grown(known.names, found.labels) if grows else known.names

    def _source(self, found: Found, names: Sequence[str]) -> FileSource:
        truth = np.array([found.labels.get(name, UNKNOWN) for name in names], np.int64)
        return FileSource(
            [os.path.join(found.root, name) for name in names],
            truth if (truth != UNKNOWN).any() else None,
            self.image_size,
            self.channels,
            self.bits,
            (*found.remarks, *_remarks_on(found, names, self.at_first)),
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
        if self.at_first is not None and not (isinstance(self.at_first, int) and self.at_first > 2):
            raise UserError(f"dataset.at_first={self.at_first}: expected a number above 2")

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


def _remarks_on(found: Found, names: Sequence[str], at_first: int | None) -> tuple[str, ...]:
    gone, new = len(set(names) - set(found.labels)), len(set(found.labels) - set(names))
    place = visible(str(found.root))
    if at_first is not None:
        more = f"{len(names)} of {len(found.labels)} images in {place} are used: dataset.at_first"
    else:
        more = (
            f"{new} images came to {place} since the run began and are not used: "
            "set dataset.grow=true to use them"
        )
    remarks = {f"{gone} images are gone from {place}: they are not asked about": gone, more: new}
    return tuple(remark for remark, count in remarks.items() if count)
