"""The labels that a run was given, as people take them away."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askwell.command.page.place import Place
from askwell.errors import UserError
from askwell.oracle.answers import KINDS
from askwell.oracle.events import LABEL, AnswerLog, Event
from askwell.oracle.people import LOG
from askwell.run.question import table
from askwell.run.run_json import read_run

COLUMNS = ("image", "label", "who", "when", "seconds", "suggestion_seen")


@dataclass(frozen=True)
class Labelled:
    """One image and its label; who gave it, when and how fast is known of a person's answer."""

    index: int
    name: str
    label: str
    event: Event

    @property
    def row(self) -> list[Any]:
        """As `COLUMNS` name it."""
        facts = [self.event.get(key, "") for key in ("by", "at", "seconds")]
        seen = self.event.get("seen")
        return [self.name, self.label, *facts, "" if seen is None else str(seen).lower()]


def labels_of(folder: Path) -> list[Labelled]:
    """All labels of the run in `folder`, by index: those that people gave, as they are now, and
    those that were there or were simulated. Raises UserError where there is no run.
    """
    run = read_run(folder)
    if run is None:
        raise UserError(f"{folder} holds no run: expected run.json in it")
    place, found = Place(folder), dict[int, Labelled]()
    for row in _rows(folder / "queries.csv"):
        index = int(row["index"])
        name, label = row.get("image") or str(index), run["classes"][int(row["label"])]
        found[index] = Labelled(index, name, label, {})
    for event in AnswerLog(folder / LOG).read():
        if "index" in event:
            found.pop(event["index"], None)
        if event["kind"] == LABEL:
            index = event["index"]
            name = event.get("name") or str(index)
            found[index] = Labelled(index, name, event["answer"], event)
    names = place.names
    exact = (
        Labelled(index, names[index] if index < len(names) else one.name, one.label, one.event)
        for index, one in found.items()
    )
    return sorted(exact, key=lambda one: one.index)


def unusable(folder: Path) -> set[int]:
    """The images that people said nothing can be learned from."""
    last: dict[int, str] = {}
    for event in AnswerLog(folder / LOG).read():
        if "index" in event:
            last[event["index"]] = event["kind"]
    return {index for index, kind in last.items() if kind in KINDS}


def labels_table(labels: Iterable[Labelled]) -> bytes:
    """labels.csv."""
    return table(COLUMNS, [one.row for one in labels])


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
        return list(csv.DictReader(lines))
