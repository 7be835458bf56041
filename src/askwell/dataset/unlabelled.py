"""Any folder of images without labels, or with labels for some of them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from askwell.dataset.base import UNKNOWN
from askwell.dataset.listed import Found, ListedDataset, class_names_of, folder_at
from askwell.errors import UserError
from askwell.images.class_folders import is_part_of_split
from askwell.images.label_row import Row
from askwell.images.label_table import files_of, read_table
from askwell.images.sources import path_below
from askwell.images.tree import listed, present, remark_on, subfolders
from askwell.text import first_of, visible, writable

UNLABELLED = ("unlabelled", "unlabeled", "unsup", "unsupervised")
"""What the folder of images without labels is called, beside class folders."""


@dataclass(frozen=True, kw_only=True)
class Unlabelled(ListedDataset):
    """The images in `root` and below; `classes` are the names that they may be given.

    The folders in `labelled`, below `root` or elsewhere, are classes whose images have their label
    from the start. So are folders in `root` beside one that is called unlabelled, and the images
    that the table `labels` (`image,label`) names. All other images have no label.
    """

    labelled: Path | str | None = None
    labels: Path | str | None = None

    def find(self, known: Sequence[str] | None = None) -> Found:
        """Lists the folder, or looks for the `known` images in it.

        Raises UserError where there are no images, or classes without a name.
        """
        root = folder_at(self.root, "dataset.root")
        folders = self._class_folders(root)
        rows = () if self.labels is None else read_table(Path(self.labels))
        rows = [row for row in rows if row.label]
        classes = self._names([*folders, *sorted({row.label for row in rows} - set(folders))])
        images = listed(root) if known is None else present(root, known)
        of_classes = {name: listed(folder).images for name, folder in folders.items()}
        labels = _labels(root, images.images, of_classes, classes)
        labels |= _of_table(rows, sorted(labels), root, classes) if rows else {}
        if not labels:
            left_out = f" ({remark_on(images.left_out)})" if images.left_out else ""
            raise UserError(
                f"{visible(str(root))} holds no images{left_out}: set dataset.root to their folder"
            )
        return Found(
            root, labels, classes, (remark_on(images.left_out),) if images.left_out else ()
        )

    def _class_folders(self, root: Path) -> dict[str, Path]:
        """The folders of labelled images, by the name of their class."""
        if self.labelled is not None:
            place = folder_at(root / self.labelled, "dataset.labelled")
            if not subfolders(place):
                raise UserError(
                    f"{visible(str(place))} has no class folders: give every class a folder of its "
                    "images, or leave dataset.labelled out"
                )
            return {writable(name): place / name for name in subfolders(place)}
        names = subfolders(root)
        if not any(name.lower() in UNLABELLED for name in names):
            return {}
        beside = [name for name in names if name.lower() not in UNLABELLED]
        if parts := [name for name in beside if is_part_of_split(name)]:
            raise UserError(
                f"{visible(str(root))} holds {first_of(list(map(visible, parts)))} beside images "
                "without labels: set dataset.labelled to the folder that holds the class folders"
            )
        return {writable(name): root / name for name in beside}

    def _names(self, used: Sequence[str]) -> tuple[str, ...]:
        """The classes: those that are set, or else those of which there are labels."""
        names = class_names_of(self.classes)
        if names is None and len(used) < 2:
            raise UserError(
                "what may the images show? Set dataset.classes=[cat,dog], with the names of your "
                "classes"
            )
        if names is not None and (unnamed := sorted(set(used) - set(names))):
            raise UserError(
                f"there are labels of {first_of(list(map(visible, unnamed)))}, which are not among "
                "dataset.classes: name them there, or take the labels away"
            )
        return names or tuple(used)


def _of_table(
    rows: Sequence[Row], images: Sequence[str], root: Path, classes: tuple[str, ...]
) -> dict[str, int]:
    """The labels that a table gives images. Raises UserError where it gives an image two."""
    found: dict[str, int] = {}
    for row, name in zip(rows, files_of(rows, images, root), strict=True):
        label = classes.index(row.label)
        if name is not None and found.setdefault(name, label) != label:
            raise UserError(
                f"the table calls {visible(name)} {visible(classes[found[name]])} and, in "
                f"{row.where}, {visible(row.label)}: correct one of them"
            )
    return found


def _labels(
    root: Path,
    images: Iterable[str],
    of_classes: Mapping[str, list[str]],
    classes: tuple[str, ...],
) -> dict[str, int]:
    """The label of each image by its name; an image that two paths lead to is taken once."""
    place = os.fspath(root)
    labelled = {
        path_below(place, file): classes.index(name)
        for name, files in of_classes.items()
        for file in files
    }
    folders: dict[str, str] = {}
    known = {_real(file, folders) for files in of_classes.values() for file in files}
    others = (file for file in images if not known or _real(file, folders) not in known)
    return {path_below(place, file): UNKNOWN for file in others} | labelled


def _real(file: str, folders: dict[str, str]) -> str:
    """A file in the folder that it truly lies in, which is looked up once in `folders`; a link to a
    file is a file of its own.
    """
    folder, name = os.path.split(file)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return os.path.join(folders[folder], name)
