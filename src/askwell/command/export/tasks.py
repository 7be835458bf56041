"""Labels and predictions as tasks that Label Studio imports."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from askwell.command.export.tables import Prediction, predictions_of_others
from askwell.command.page.labels import Labelled, labels_of
from askwell.command.trained import Trained
from askwell.files import write_whole
from askwell.images.label_studio import LOCAL
from askwell.opinions import Event
from askwell.oracle.events import LABEL
from askwell.text import first_of, visible

IMAGE, CHOICE = "image", "label"
"""What a task calls the picture and the class; the labelling interface must call them so too."""


def export_label_studio(run: Path, output: Path, trained: Trained | None) -> None:
    """Writes the labels as annotations with `lead_time` and `completed_by`, and predictions for all
    other images. The folder of the images is what Label Studio serves as local files.
    """
    labels = labels_of(run)
    said = [event.get("by") for one in labels for event in (*one.opinions, one.event)]
    people = list(dict.fromkeys(filter(None, said)))
    numbers = {name: _person(name, place) for place, name in enumerate(people, start=1)}
    others = [] if trained is None else predictions_of_others(run, labels, trained)
    tasks = [
        *(_answered(one, numbers) for one in labels),
        *(_predicted(one, f"askwell {run.name}") for one in others),
    ]
    write_whole(output, (json.dumps(tasks, indent=1) + "\n").encode())
    print(f"{output}: {len(labels)} labels and {len(others)} predictions")
    named = [f"{visible(name)} is {who}" for name, who in numbers.items() if isinstance(who, int)]
    if named:
        print(f"its users must have these numbers in Label Studio: {first_of(named)}")


def _person(name: str, place: int) -> int | dict[str, str]:
    """Somebody as Label Studio knows its users: by address or by number."""
    if "@" in name:
        return {"email": name}
    return int(name) if name.isascii() and name.isdecimal() else place


def _answered(one: Labelled, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """A task with the opinion of each person; what was decided over them is the ground truth."""
    data = _data(one.name)
    if who := one.event.get("by"):
        data["who"] = who
    given = [_annotation(event, numbers) for event in one.opinions if event["kind"] == LABEL]
    if one.event not in one.opinions:
        truth = {"ground_truth": True} if given else {}
        given.append({**_annotation({**one.event, "answer": one.label}, numbers), **truth})
    return {"data": data, "annotations": given}


def _annotation(event: Event, numbers: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"result": [_choice(event["answer"])]}
    if who := event.get("by"):
        answer["completed_by"] = numbers[who]
    if "seconds" in event:
        answer["lead_time"] = event["seconds"]
    if "at" in event:
        answer["created_at"] = event["at"]
    return answer


def _predicted(one: Prediction, version: str) -> dict[str, Any]:
    score = round(float(one.probabilities.max()), 6)
    guess = {"model_version": version, "score": score, "result": [_choice(one.label)]}
    return {"data": _data(one.name), "predictions": [guess]}


def _data(name: str) -> dict[str, str]:
    return {IMAGE: LOCAL + quote(os.fsencode(name))}


def _choice(label: str) -> dict[str, Any]:
    value = {"choices": [label]}
    return {"from_name": CHOICE, "to_name": IMAGE, "type": "choices", "value": value}
