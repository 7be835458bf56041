"""Tables of image names and labels, and the files that their names mean."""

import csv
import io
import os
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from askwell.errors import UserError
from askwell.text import first_of, visible, writable

SEPARATORS = (",", ";", "\t", "|")
NAMED = 3
"""Names that an error shows."""


class Row(NamedTuple):
    """The name of an image and its label, "" where it has none; `line` counts from 1."""

    line: int
    image: str
    label: str


def read_table(file: Path, image_column: str, label_column: str) -> list[Row]:
    """The rows of a table whose first line names its columns; empty rows are passed over.

    The separator is the one of `,`, `;`, tab and `|` that yields the two columns. Raises UserError
    where there is none, and for what is no table.
    """
    text = _text(file)
    header, separator = _header(text, image_column, label_column)
    absent = [name for name in (image_column, label_column) if name not in header]
    if absent:
        columns = first_of([visible(name) for name in header]) if any(header) else "none"
        raise UserError(
            f"{visible(str(file))} has no column {first_of(list(map(visible, absent)))}, found "
            f"{columns}: set dataset.image_column and dataset.label_column"
        )
    places = header.index(image_column), header.index(label_column)
    rows = list(_rows(file, text, separator, *places))
    if not rows:
        raise UserError(f"{visible(str(file))} has no rows: dataset.table must name the images")
    return rows


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(
            f"cannot read {visible(str(file))} ({error.strerror}): set dataset.table to a table"
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


def _rows(file: Path, text: str, separator: str, image: int, label: int) -> Iterable[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        lines = [(reader.line_num, [field.strip() for field in fields]) for fields in reader]
    except csv.Error as error:
        raise UserError(
            f"{visible(str(file))} is no table ({error} in line {reader.line_num}): correct it"
        ) from error
    for line, fields in [found for found in lines if any(found[1])][1:]:
        name = fields[image] if image < len(fields) else ""
        if not name:
            raise UserError(
                f"{visible(str(file))} names no image in line {line}: correct it, or remove the "
                "line"
            )
        yield Row(line, name, writable(fields[label]) if label < len(fields) else "")


def files_of(rows: Sequence[Row], files: Sequence[str], root: Path) -> list[str | None]:
    """The file that each row means, out of `files` relative to `root`; None where there is none.

    A name is a path, with or without its ending, or else the last part of one. Raises UserError for
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


Key = Callable[[str], str]


def _file_of(
    row: Row, indexes: Sequence[tuple[Key, dict[str, list[str]]]], root: Path
) -> str | None:
    name = _path(row.image)
    for key, index in indexes:
        # A name without its ending is looked up as it is: "1.5" is not the name "1" of a ".5".
        files = index.get(name if key in (_path, _stem) else _base(name), [])
        if len(files) > 1:
            several = first_of(list(map(visible, files)), NAMED)
            raise UserError(
                f"{visible(row.image)} in line {row.line} of the table may be {several} in "
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
    """A name as it is compared: Windows and macOS write the same name otherwise."""
    normal = unicodedata.normalize("NFC", name).replace("\\", "/")
    return normal.removeprefix("./")


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _base_stem(name: str) -> str:
    return _stem(_base(name))
