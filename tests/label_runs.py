"""Runs that wait, as their folders show it to the page, without any training; and its server."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from label_person import CLASSES, MEANS
from PIL import Image

from askwell.command.label import _listening
from askwell.command.page.access import Access
from askwell.command.page.app import build
from askwell.command.page.asking import Asking
from askwell.command.page.keeper import Keeper
from askwell.command.page.session import Session


def fingerprint(number: int) -> str:
    """The id of an image: the first hexadecimal digits decide whether its suggestion is hidden."""
    return f"{number % 16:x}" * 8 + f"{number:024x}"


def waiting(
    folder: Path,
    images: Sequence[int] = range(1, 7),
    evaluation: Sequence[int] = (),
    classes: Sequence[str] = CLASSES,
    **facts: Any,
) -> Path:
    """A run that asks about `images`; image i shows the class i % 3."""
    (folder / "asked").mkdir(parents=True)
    rows = [
        {
            "index": index,
            "name": f"{index}.png",
            "image": fingerprint(index),
            "score": None,
            "guesses": [["birch", 0.7], ["ash", 0.2], ["cedar", 0.1]],
        }
        for index in images
    ]
    for index in images:
        level = np.full((4, 4), round(MEANS[index % 3]), np.uint8)
        Image.fromarray(level).save(folder / "asked" / f"{index}.png")
    training = len([index for index in images if index not in evaluation])
    asked = {"round": 1, "size": 2, "first": training, "evaluation": list(evaluation), "left": 9}
    asked |= {"classes": list(classes), "images": rows} | facts
    (folder / "asked.json").write_text(json.dumps(asked))
    run = {"status": "waiting", "classes": list(classes), "evaluation": 20, "strategy": "sm"}
    (folder / "run.json").write_text(json.dumps(run))
    line = {"round": 0, "labels": 8, "accuracy": 0.5, "class_accuracy": {"ash": 0.5}}
    (folder / "rounds.jsonl").write_text(json.dumps(line) + "\n")
    return folder


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]


@contextmanager
def served(
    *folders: Path, people: Sequence[str] = ("ada",), overlap: float = 0.0, blind: bool = False
) -> Iterator[dict[str, str]]:
    """The addresses of `people`, while the page of the runs in `folders` is served; no run is
    started.
    """
    listener = _listening("127.0.0.1", 0)
    session = Session([Asking(folder) for folder in folders], people, overlap, blind)
    access = Access.of(people, "127.0.0.1", listener.getsockname()[1])
    app = build(session, Keeper(session), access)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield {person: access.address(person) for person in people}
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
