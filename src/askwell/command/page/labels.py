"""The labels that a run was given, as people take them away."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from askwell.command.page.place import Place
from askwell.errors import UserError
from askwell.images.label_table import places_of
from askwell.opinions import Consensus, Event, standing
from askwell.oracle.answers import KINDS
from askwell.oracle.events import LABEL, AnswerLog
from askwell.oracle.people import LOG
from askwell.run.question import EVALUATION, table
from askwell.run.run_json import read_run

COLUMNS = ("image", "label", "who", "when", "seconds", "suggestion_seen", "agreed")


@dataclass(frozen=True)
class Labelled:
    """One image and its label; who gave it, when and how fast is known of a person's answer, and of
    several people's how many `agreed`, and what each of them said, in `opinions`.
    """

    index: int
    name: str
    label: str
    event: Event
    agreed: str = ""
    opinions: tuple[Event, ...] = ()

    @property
    def row(self) -> list[Any]:
        """As `COLUMNS` name it."""
        facts = [self.event.get(key, "") for key in ("by", "at", "seconds")]
        seen = self.event.get("seen")
        return [self.name, self.label, *facts, _yes_or_no(seen), self.agreed]


def labels_of(folder: Path) -> list[Labelled]:
    """All labels of the run in `folder`, by index: those that people gave, as they are now, and
    those that were there, were replayed or were simulated. Raises UserError where there is no run.
    """
    run = read_run(folder)
    if run is None:
        raise UserError(f"{folder} holds no run: expected run.json in it")
    place, found = Place(folder), dict[int, Labelled]()
    for row in _rows(folder / EVALUATION):
        if row["label"] in run["classes"]:
            _enter(found, row, row["label"])
    for name in ("queries.csv", "relabelled.csv"):  # first answers, and what all came to
        for row in _rows(folder / name):
            _enter(found, row, run["classes"][int(row["label"])])
    consensus = _consensus(folder)
    for index, one in consensus.images.items():
        found.pop(index, None)
        event = consensus.answer(index)
        if event is not None and event["kind"] == LABEL:
            name = event.get("name") or str(index)
            opinions = tuple(one.given.values())
            found[index] = Labelled(index, name, event["answer"], event, one.agreed, opinions)
    names = place.names
    exact = [
        replace(one, name=names[index]) if index < len(names) else one
        for index, one in sorted(found.items())
    ]
    return _with_facts(exact, place)


def _enter(found: dict[int, Labelled], row: Mapping[str, str], label: str) -> None:
    index = int(row["index"])
    found[index] = Labelled(index, row.get("image") or str(index), label, {})


def _with_facts(labels: list[Labelled], place: Place) -> list[Labelled]:
    """The labels with what the tables that the run was given know of who gave them, and how."""
    unknown = [place for place, one in enumerate(labels) if not one.event]
    if not unknown:
        return labels
    places = places_of(place.given, [labels[one].name for one in unknown])
    for row, there in zip(place.given, places, strict=True):
        if there is not None and labels[unknown[there]].label == row.label:
            facts = {"by": row.who, "at": row.when, "seconds": row.seconds}
            event = {key: value for key, value in facts.items() if value not in ("", None)}
            labels[unknown[there]] = replace(labels[unknown[there]], event=event)
    return labels


def unusable(folder: Path) -> set[int]:
    """The images that people said nothing can be learned from."""
    last = {int(row["index"]): row["label"] for row in _rows(folder / EVALUATION)}
    consensus = _consensus(folder)
    for index in consensus.images:
        last[index] = (consensus.answer(index) or {"kind": ""})["kind"]
    return {index for index, kind in last.items() if kind in KINDS}


def labels_table(labels: Iterable[Labelled]) -> bytes:
    """labels.csv."""
    return table(COLUMNS, [one.row for one in labels])


def _consensus(folder: Path) -> Consensus:
    """Of images that are asked about again the former answers, until there are others."""
    return Consensus.of(standing(AnswerLog(folder / LOG).read()))


def _yes_or_no(seen: bool | None) -> str:
    return "" if seen is None else str(seen).lower()


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
        return list(csv.DictReader(lines))
