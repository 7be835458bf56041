"""Tables of answers, as people write them with a spreadsheet."""

import csv
import io
from pathlib import Path

from askwell.errors import UserError
from askwell.text import listing, visible


def read_table(file: Path, *columns: str) -> list[tuple[str, ...]]:
    """The named columns of a csv file, row by row, without blank rows.

    Raises UserError for a file that cannot be read or that lacks a column.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {file} ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{file} is not UTF-8 text: save it as CSV in UTF-8") from error
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=_separator(text))
    found = [str(name).strip() for name in rows.fieldnames or ()]
    missing = [column for column in columns if column not in found]
    if missing:
        columns_found = listing([visible(name) for name in found]) or "none"
        raise UserError(f"{file} lacks the column {missing[0]}, found {columns_found}")
    rows.fieldnames = found
    try:
        cells = [tuple((row.get(column) or "").strip() for column in columns) for row in rows]
    except csv.Error as error:
        raise UserError(f"{file} is damaged ({error}): a quote may be left open") from error
    return [row for row in cells if any(row)]


def _separator(text: str) -> str:
    """What separates the names in the first line: a spreadsheet may write semicolons or tabs."""
    first = text.partition("\n")[0]
    return max((",", ";", "\t"), key=first.count)
