"""Tables of image names and labels, and the files that their names mean."""

import csv
import io
import os
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from askwell.errors import UserError
from askwell.images.label_row import Row, seconds_of
from askwell.images.label_studio import read_tasks
from askwell.text import first_of, visible, writable

SEPARATORS = (",", ";", "\t", "|")
NAMED = 3
"""Names that an error shows."""
WHO, WHEN, SECONDS = ("who", "annotator"), ("when", "created_at"), ("seconds", "lead_time")
"""What columns that say how a label was given are called, here and in Label Studio."""


def read_table(
    file: Path, image_column: str = "image", label_column: str = "label", setting: str = ""
) -> list[Row]:
    """The rows of a table whose first line names its columns, or of an export of Label Studio, a
    file .json. Empty rows are passed over.

    The separator is the one of `,`, `;`, tab and `|` that yields the two columns. Raises UserError
    where there is none, and for what is no table; `setting` says what names the columns, where
    something does.
    """
    text = _text(file)
    if file.suffix.lower() == ".json":
        return read_tasks(file, text, image_column, label_column)
    header, separator = _header(text, image_column, label_column)
    absent = [name for name in (image_column, label_column) if name not in header]
    if absent:
        columns = first_of([visible(name) for name in header]) if any(header) else "none"
        advice = setting or f"begin it with the line {image_column},{label_column}"
        raise UserError(
            f"{visible(str(file))} has no column {first_of(list(map(visible, absent)))}, found "
            f"{columns}: {advice}"
        )
    cells = _Cells(header, image_column, label_column)
    return [cells.row(file, *numbered) for numbered in _lines(file, text, separator)]


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(
            f"cannot read {visible(str(file))} ({error.strerror}): name a table of images and "
            "their labels"
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(
            f"{visible(str(file))} is not UTF-8 (at byte {error.start}): save the table as UTF-8"
        ) from error


def _header(text: str, *wanted: str) -> tuple[list[str], str]:
    """The names of the columns, by the separator that yields most of the wanted ones, then most
    columns at all.
    """
    line = next((line for line in text.splitlines() if line.strip()), "")
    headers = [
        ([name.strip() for name in next(csv.reader([line], delimiter=separator), [])], separator)
        for separator in SEPARATORS
    ]
    return max(headers, key=lambda found: (len({*wanted} & {*found[0]}), len(found[0])))


def _lines(file: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """The lines below the header that are not empty, each with its number from 1."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        lines = [(reader.line_num, [field.strip() for field in fields]) for fields in reader]
    except csv.Error as error:
        raise UserError(
            f"{visible(str(file))} is no table ({error} in line {reader.line_num}): correct it, a "
            "quote may be left open"
        ) from error
    return [found for found in lines if any(found[1])][1:]


class _Cells:
    """Where in the fields of a line the parts of a row are."""

    def __init__(self, header: Sequence[str], image: str, label: str) -> None:
        self.places = [
            next((header.index(name) for name in names if name in header), None)
            for names in ((image,), (label,), WHO, WHEN, SECONDS)
        ]

    def row(self, file: Path, line: int, fields: Sequence[str]) -> Row:
        name, label, who, when, seconds = (
            fields[place] if place is not None and place < len(fields) else ""
            for place in self.places
        )
        if not name:
            raise UserError(
                f"{visible(str(file))} names no image in line {line}: correct it, or remove the "
                "line"
            )
        return Row(f"line {line}", name, writable(label), who, when, seconds_of(seconds))


def files_of(rows: Sequence[Row], files: Sequence[str], root: Path) -> list[str | None]:
    """The file that each row means, out of `files` relative to `root`; None where there is none.

    A name is a path, with or without its ending, from anywhere above `root` on, or else the last
    part of one. Raises UserError for
    a name that means several files, and where no row has a file.
    """
    indexes = [(key, _index(files, key)) for key in (_path, _stem, _base, _base_stem)]
    found = [_file_of(row, indexes, root) for row in rows]
    if not any(found):
        names = first_of([visible(row.image) for row in rows], NAMED)
        raise UserError(
            f"{visible(str(root))} holds none of the images of the table ({names}): set "
            "dataset.root to their folder, or dataset.image_column to the column of their names"
        )
    return found


def places_of(rows: Iterable[Row], names: Sequence[str]) -> list[int | None]:
    """The place in `names` of the file that each row names exactly, from anywhere above their
    folder on; None where there is none.

    >>> places_of([Row("line 2", "photos/a/1.png", "ash")], ["b/1.png", "a/1.png"])
    [1]
    """
    places = {_path(name): place for place, name in enumerate(names)}
    places |= {name: place for place, name in enumerate(names)}
    found = (
        next(filter(places.__contains__, [row.image, *tails(_path(row.image))]), None)
        for row in rows
    )
    return [None if name is None else places[name] for name in found]


def tails(path: str) -> list[str]:
    """The path, and what is left of it below each of its folders.

    >>> tails("a/b/c.png")
    ['a/b/c.png', 'b/c.png', 'c.png']
    """
    parts = path.split("/")
    return ["/".join(parts[place:]) for place in range(len(parts))]


Key = Callable[[str], str]


def _file_of(
    row: Row, indexes: Sequence[tuple[Key, dict[str, list[str]]]], root: Path
) -> str | None:
    name = _path(row.image)
    for key, index in indexes:
        # A name without its ending is looked up as it is: "1.5" is not the name "1" of a ".5".
        names = tails(name) if key in (_path, _stem) else [_base(name)]
        files = next((index[tail] for tail in names if tail in index), [])
        if len(files) > 1:
            several = first_of(list(map(visible, files)), NAMED)
            raise UserError(
                f"{visible(row.image)} in {row.where} of the table may be {several} in "
                f"{visible(str(root))}: name one of them"
            )
        if files:
            return files[0]
    return None


def _index(files: Iterable[str], key: Key) -> dict[str, list[str]]:
    index: dict[str, list[str]] = {}
    for file in files:
        index.setdefault(key(_path(file)), []).append(file)
    return index


def _path(name: str) -> str:
    """A name as it is compared: Windows and macOS write the same name otherwise, and the tables of
    a run escape what is no text.
    """
    normal = unicodedata.normalize("NFC", writable(name)).replace("\\", "/")
    return normal.removeprefix("./")


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _base_stem(name: str) -> str:
    return _stem(_base(name))
