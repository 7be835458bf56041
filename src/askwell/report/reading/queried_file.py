"""queried.jsonl: what a run's queries bought, as small pictures with a few facts."""

import re
from dataclasses import dataclass
from os.path import lexists
from pathlib import Path
from typing import Annotated, Any

from askwell.report.reading import schema_checks as checks
from askwell.report.reading.received import MEGABYTE, UnreadableError, content_of, parsed
from askwell.report.reading.schema import read_as
from askwell.report.reading.schema_checks import MisfitError, list_of, unknown_or

QUERIED = "queried.jsonl"
MOST = 16 * MEGABYTE
MOST_IMAGES = 100
"""Of one query."""

JPEG = re.compile(r"/9j/[A-Za-z0-9+/]+={0,2}", re.ASCII)
"""The beginning of every JPEG, and letters that mean nothing in a page."""


def jpeg(value: Any) -> str:
    if not isinstance(value, str) or not JPEG.fullmatch(value):
        raise ValueError("a JPEG in base 64")
    return value


@dataclass(frozen=True)
class Bought:
    """One image: its answer, what the network took it for, and its score."""

    index: Annotated[int, checks.whole]
    label: Annotated[str, checks.text]
    image: Annotated[str | None, unknown_or(checks.text)] = None
    predicted: Annotated[str | None, unknown_or(checks.text)] = None
    score: Annotated[float | None, unknown_or(checks.loss)] = None


@dataclass(frozen=True)
class Sheet:
    """The first images of a query, those it wanted most, side by side in one picture."""

    round: Annotated[int, checks.whole]
    images: Annotated[tuple[Bought, ...], list_of(lambda value: read_as(Bought, value))]
    picture: Annotated[str, jpeg]


def read_queried(folder: Path) -> list[Sheet]:
    """The sheets of a run, in order; none where it kept none. Raises UnreadableError."""
    if not lexists(folder / QUERIED):
        return []
    lines = content_of(folder, QUERIED, MOST).splitlines()
    sheets = [_sheet(line, number) for number, line in enumerate(lines, 1)]
    return sorted(sheets, key=lambda sheet: sheet.round)


def _sheet(line: bytes, number: int) -> Sheet:
    try:
        sheet = read_as(Sheet, parsed(line))
    except MisfitError as error:
        raise UnreadableError(f"{QUERIED}, line {number}: {error}") from None
    except ValueError:
        raise UnreadableError(f"{QUERIED}, line {number} is no JSON") from None
    if not 0 < len(sheet.images) <= MOST_IMAGES:
        raise UnreadableError(f"{QUERIED}, line {number}: expected 1 to {MOST_IMAGES} images")
    return sheet
