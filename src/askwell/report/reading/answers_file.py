"""answers.jsonl: what several people said of the images that a run asked about."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from os.path import lexists
from pathlib import Path
from typing import Annotated, Any

from askwell.opinions import PEOPLE, Consensus, Event, Opinions, standing
from askwell.report.reading import schema_checks as checks
from askwell.report.reading.received import MEGABYTE, UnreadableError, content_of, parsed
from askwell.report.reading.schema import Text, read_as
from askwell.report.reading.schema_checks import MisfitError, list_of, unknown_or

ANSWERS = "answers.jsonl"
MOST = 128 * MEGABYTE
FINGERPRINT = re.compile("[0-9a-f]{16,64}", re.ASCII)


def fingerprint(value: Any) -> str:
    if not isinstance(value, str) or not FINGERPRINT.fullmatch(value):
        raise ValueError("16 to 64 hexadecimal digits")
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


@dataclass(frozen=True)
class Named:
    """Who labels from then on, and the share of images that two are asked about."""

    kind: Annotated[str, checks.text]
    people: Annotated[tuple[str, ...], list_of(checks.text)]
    overlap: Annotated[float, checks.share]


@dataclass(frozen=True)
class Said:
    """What somebody said of an image."""

    kind: Annotated[str, checks.text]
    image: Annotated[str | None, unknown_or(fingerprint)] = None
    answer: Text = None
    by: Text = None
    decides: Annotated[bool | None, unknown_or(flag)] = None


def read_opinions(folder: Path) -> dict[str, Opinions]:
    """What people said of the images of a run that several of them labelled, by the fingerprint of
    the image; nothing where somebody labelled alone. Raises UnreadableError.
    """
    if not lexists(folder / ANSWERS):
        return {}
    content = content_of(folder, ANSWERS, MOST)
    if f'"{PEOPLE}"'.encode() not in content:
        return {}
    whole = content[: content.rfind(b"\n") + 1]  # a kill may have cut the last line short
    return dict(Consensus.of(standing(_events(whole), "image"), "image").images)


def _events(content: bytes) -> Iterator[Event]:
    for number, line in enumerate(content.splitlines(), 1):
        try:
            event = parsed(line)
            names = isinstance(event, dict) and event.get("kind") == PEOPLE
            found = asdict(read_as(Named, event) if names else read_as(Said, event))
        except MisfitError as error:
            raise UnreadableError(f"{ANSWERS}, line {number}: {error}") from None
        except ValueError:
            raise UnreadableError(f"{ANSWERS}, line {number} is no JSON") from None
        if found["kind"] == "label" and found["answer"] is None:
            raise UnreadableError(f"{ANSWERS}, line {number}: answer is missing")
        yield {name: value for name, value in found.items() if value is not None}
