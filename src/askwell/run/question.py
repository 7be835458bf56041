"""The files by which a run asks people: pending.json for the run, tables for people."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from askwell.errors import UserError
from askwell.files import part_of, told_in_a_line, write_json, write_whole

PENDING, QUESTIONS, EVALUATION = "pending.json", "questions.csv", "evaluation.csv"
ASKED, REVIEW, PICTURES = "asked.json", "review.json", "asked"
"""What the page shows of a query, and the folder of its pictures."""


def write_pending(folder: Path, pending: dict[str, Any]) -> None:
    """Keeps what is asked and what was answered so far (plain values), with a checksum.

    Before round 0, and after a query without one label, no checkpoint has it.
    """
    write_json(folder / PENDING, {"pending": pending, "sha256": _sum(pending)})


def read_pending(folder: Path) -> dict[str, Any] | None:
    """What `write_pending` kept, or None. Raises UserError for a damaged file."""
    file = folder / PENDING
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["sha256"] != _sum(content["pending"]):
            raise ValueError("its checksum is wrong")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        advice = "put back a copy of it, or delete it to ask again"
        raise UserError(f"{file} is damaged: {advice}") from error
    return content["pending"]


def remove_pending(folder: Path) -> None:
    """Removes what was pending, once it is settled."""
    (folder / PENDING).unlink(missing_ok=True)


def remove_questions(folder: Path) -> None:
    """Removes what nobody is asked any more, once the run is over."""
    remove_pending(folder)
    (folder / QUESTIONS).unlink(missing_ok=True)


def write_questions(folder: Path, indices: Iterable[int], names: Sequence[str] | None) -> None:
    """Writes what people are asked, in this order: `index,image`."""
    rows = [[index, "" if names is None else names[index]] for index in indices]
    write_whole(folder / QUESTIONS, table(["index", "image"], rows))


def write_evaluation(folder: Path, answers: dict[int, str], names: Sequence[str] | None) -> None:
    """Writes the answers about evaluation images: `index,label,image`."""
    rows = [[index, word, "" if names is None else names[index]] for index, word in answers.items()]
    write_whole(folder / EVALUATION, table(["index", "label", "image"], rows))


def write_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Writes asked.json."""
    write_whole(folder / ASKED, json.dumps(facts).encode())


def write_picture(folder: Path, index: int, pixels: np.ndarray) -> None:
    """Writes what is seen of an image, uint8 [H, W, C], for the page where there is no file that it
    can show.
    """
    file = folder / PICTURES / f"{index}.png"
    if file.exists():
        return
    with told_in_a_line(folder):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = part_of(file)
        picture_of(pixels).save(part, "PNG")
        part.replace(file)


def picture_of(pixels: np.ndarray) -> Image.Image:
    """uint8 [H, W, C] as an image."""
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels[:, :, :3])


def read_asked(folder: Path) -> dict[str, Any] | None:
    """What asked.json holds; None where nothing is asked on a page."""
    try:
        return json.loads((folder / ASKED).read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def read_review(folder: Path) -> list[dict[str, Any]]:
    """The images that review.json lists; none where there is none."""
    try:
        return list(json.loads((folder / REVIEW).read_bytes())["images"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A CSV table as bytes; names that are not UTF-8 keep theirs."""
    text = io.StringIO()
    plain = csv.writer(text, lineterminator="\n")
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in [header, *rows]:
        # Python quotes a carriage return by itself from 3.13 on.
        (quoted if any("\r" in str(cell) for cell in row) else plain).writerow(row)
    return text.getvalue().encode("utf-8", "surrogateescape")


def _sum(pending: Any) -> str:
    return hashlib.sha256(json.dumps(pending).encode()).hexdigest()
