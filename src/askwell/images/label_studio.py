"""What people answered in Label Studio, as its export in the format JSON holds it."""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from askwell.errors import UserError
from askwell.images.label_row import Row, seconds_of
from askwell.text import first_of, visible, writable

LOCAL = "/data/local-files/?d="
"""Begins the address of a file that Label Studio serves from a folder of its machine."""
UPLOAD = "/data/upload/"
MARK = re.compile(r"[0-9a-f]{8}-")
"""What Label Studio puts before the name of a file that was uploaded."""
ASK = "export the project from Label Studio in the format JSON"


def read_tasks(file: Path, text: str, image: str = "image", label: str = "label") -> list[Row]:
    """A row for each task; its label is empty where nobody gave one, or where people are divided.

    The answer marked as ground truth counts, else the one that most people gave. `image` and
    `label` are what the project calls the picture and the choice; each is found by itself where
    there is no other. Raises UserError for what is no export of image classes.
    """
    try:
        tasks = json.loads(text)
        if not isinstance(tasks, list):
            raise TypeError("it holds no list of tasks")
        return [_row(task, number, image, label) for number, task in enumerate(tasks, start=1)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(
            f"{visible(str(file))} is no export of Label Studio ({visible(str(error))}): {ASK}"
        ) from error


def _row(task: Mapping[str, Any], number: int, image: str, label: str) -> Row:
    where = f"task {number}"
    if "data" not in task:
        raise KeyError(f"{where} has no data")
    name = image_name(_picture(task["data"], where, image))
    answers = [one for one in task.get("annotations") or () if not one.get("was_cancelled")]
    truths = [one for one in answers if one.get("ground_truth")]
    said = [(word, one) for one in truths or answers if (word := _choice(one, where, label))]
    counts = Counter(word for word, _ in said).most_common(2)
    if not counts or (len(counts) > 1 and counts[0][1] == counts[1][1]):
        return Row(where, name, "")
    word, answer = next(pair for pair in said if pair[0] == counts[0][0])
    when = str(answer.get("created_at") or "")
    return Row(
        where, name, word, _who(answer, task["data"]), when, seconds_of(answer.get("lead_time"))
    )


def _picture(data: Mapping[str, Any], where: str, image: str) -> str:
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    if image not in texts and len(texts) != 1:
        raise KeyError(f"{where} names no {image}, found {first_of(list(map(visible, data)))}")
    return texts.get(image) or next(iter(texts.values()))


def _choice(answer: Mapping[str, Any], where: str, label: str) -> str:
    """The class that an answer chose; "" where it chose none."""
    given = {
        str(one.get("from_name")): one["value"]["choices"]
        for one in answer.get("result") or ()
        if one.get("type") == "choices"
    }
    if label not in given and len(given) > 1:
        raise KeyError(f"{where} answers {first_of(list(map(visible, given)))}, not {label}")
    chosen: list[Any] = given.get(label) or next(iter(given.values()), [])
    if len(chosen) > 1:
        raise ValueError(f"{where} has {len(chosen)} classes where an image has one")
    return writable(str(chosen[0]).strip()) if chosen else ""


def _who(answer: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """The person's name in a task that Askwell wrote, else the address or the number."""
    person = answer.get("completed_by")
    if isinstance(person, Mapping):
        person = person.get("email") or person.get("id")
    return str(data.get("who") or ("" if person is None else person))


def image_name(address: str) -> str:
    """The name of the file that Label Studio shows at `address`.

    >>> image_name("/data/local-files/?d=a/caf%C3%A9.png"), image_name("s3://photos/a/b.png")
    ('a/café.png', 'a/b.png')
    >>> image_name("/data/upload/3/0f3c1a2b-b.png"), image_name("a/b.png")
    ('b.png', 'a/b.png')
    """
    if address.startswith(LOCAL):
        return _unquoted(address.removeprefix(LOCAL))
    if address.startswith(UPLOAD):
        return MARK.sub("", _unquoted(address).rpartition("/")[2], count=1)
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    if scheme in ("http", "https"):
        return _unquoted(urlsplit(address).path).removeprefix("/")
    return rest.partition("/")[2]


def _unquoted(name: str) -> str:
    return os.fsdecode(unquote_to_bytes(name))
