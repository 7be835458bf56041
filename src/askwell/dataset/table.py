"""A table of image names and labels beside a folder of images, as Kaggle ships them."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from askwell.dataset.base import UNKNOWN, Splits
from askwell.dataset.listed import Found, ListedDataset, class_names_of, folder_at
from askwell.errors import UserError
from askwell.images.contracts import truth_of
from askwell.images.held_out import held_out
from askwell.images.label_row import Row
from askwell.images.label_table import files_of, read_table
from askwell.images.sources import FileSource, path_below
from askwell.images.tree import listed
from askwell.text import first_of, visible

NAMED = 3
"""Files or rows that a remark names."""
COLUMNS = "set dataset.image_column and dataset.label_column"


@dataclass(frozen=True, kw_only=True)
class Table(ListedDataset):
    """The images in `root` that the rows of `table` name, with or without their ending.

    Where every row has a label, the fraction `held_out` of each class is kept for evaluation,
    always the same images, and `classes` picks some classes. Where some rows have none, the labels
    of the others are known from the start, and `classes` are the names that images may be given.
    `root` is by default the folder that the table is in.
    """

    table: Path | str | None = None
    image_column: str = "image"
    label_column: str = "label"
    held_out: float = 0.2

    def find(self, known: Sequence[str] | None = None) -> Found:
        """Reads the table and lists the folder. Raises UserError for rows that contradict each
        other, unknown columns, and names of which none has a file.
        """
        if self.table is None:
            raise UserError("where are the labels? Set dataset.table=… to the table of images")
        table = Path(self.table).absolute()
        root = folder_at(table.parent if self.root is None else self.root, "dataset.root")
        rows = read_table(table, self.image_column, self.label_column, COLUMNS)
        if not rows:
            raise UserError(
                f"{visible(str(table))} has no rows: dataset.table must name the images"
            )
        images = sorted(path_below(os.fspath(root), file) for file in listed(root).images)
        files = files_of(rows, images, root)
        words = _labels(rows, files)
        classes = self._names(words)
        numbers = {name: number for number, name in enumerate(classes)} | {"": UNKNOWN}
        labels = {name: numbers[word] for name, word in words.items()}
        absent = [row.image for row, file in zip(rows, files, strict=True) if file is None]
        remarks = (
            *_remark(absent, f"rows of {visible(str(table))} have no file"),
            *_remark(sorted(set(images) - set(labels)), f"images are not in {visible(str(table))}"),
        )
        return Found(root, labels, classes, remarks)

    def with_evaluation(self, source: FileSource, classes: tuple[str, ...]) -> Splits:
        """The same share of each class is kept for evaluation."""
        names, truth = source.names or (), truth_of(source)
        kept = np.zeros(len(source), bool)
        for number in np.unique(truth):
            places = np.flatnonzero(truth == number)
            if len(places) < 2:
                raise UserError(
                    f"the class {visible(classes[number])} has a single image: evaluation needs "
                    "another one"
                )
            kept[places] = held_out([names[place] for place in places.tolist()], self.held_out)
        evaluation = replace(source.subset(kept), remarks=())
        return Splits(source.subset(~kept), evaluation, classes)

    def _names(self, words: Mapping[str, str]) -> tuple[str, ...]:
        """The classes: those of the table, or the names that are set where people are asked."""
        used = _in_order({word for word in words.values() if word})
        if all(words.values()):
            return used
        names = class_names_of(self.classes)
        if names is None and len(used) < 2:
            raise UserError(
                "what may the images show? The table names fewer than two classes: set "
                "dataset.classes=[cat,dog], with the names of your classes"
            )
        if names is not None and (others := [word for word in used if word not in names]):
            raise UserError(
                f"the labels {first_of(list(map(visible, others)))} of the table are not among "
                "dataset.classes: name them there, or correct the table"
            )
        return names or used


def _labels(rows: Sequence[Row], files: Sequence[str | None]) -> dict[str, str]:
    """The label of each image, "" where it has none. Raises UserError where rows contradict each
    other.
    """
    first: dict[str, Row] = {}
    for row, file in zip(rows, files, strict=True):
        if file is None:
            continue
        before = first.setdefault(file, row)
        if before.label and row.label and before.label != row.label:
            raise UserError(
                f"the table calls {visible(file)} {visible(before.label)} in {before.where} "
                f"and {visible(row.label)} in {row.where}: correct one of them"
            )
        if row.label and not before.label:
            first[file] = row
    return {file: row.label for file, row in first.items()}


def _in_order(words: Collection[str]) -> tuple[str, ...]:
    """Numbers by their value, then words by the alphabet."""

    def place(word: str) -> tuple[bool, int, str]:
        is_number = word.isascii() and word.isdecimal()
        return not is_number, int(word) if is_number else 0, word

    return tuple(sorted(words, key=place))


def _remark(names: Sequence[str], what: str) -> tuple[str, ...]:
    named = first_of([visible(name) for name in names], NAMED) if names else ""
    return (f"{len(names)} {what} and are left out: {named}",) if names else ()
