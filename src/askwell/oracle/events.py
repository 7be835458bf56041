"""Answers as events: one line each, as people give and undo them, in a file that only grows."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from askwell.errors import UserError
from askwell.files import append
from askwell.oracle.answers import KINDS

LABEL, UNDO, LATER, SETTLED = "label", "undo", "later", "settled"
Event = dict[str, Any]


class AnswerLog:
    """The events of `path`, oldest first. A last line that a kill cut short counts as not written.

    An event about an image holds `index`, `image` (a fingerprint of its pixels), `name` where it is
    a file, `kind` and, for a label, `answer`. The last event about an image is its answer. An event
    of kind `settled` holds the `indices` that settled a query, and its `round`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Event]:
        """All events. Raises UserError for a file that is damaged."""
        content = self.path.read_bytes() if self.path.exists() else b""
        lines = content[: content.rfind(b"\n") + 1].splitlines()
        try:
            events = [json.loads(line) for line in lines]
            kinds = {event["kind"] for event in events}
        except (ValueError, KeyError, RecursionError) as error:
            raise UserError(f"{self.path} is damaged ({error}): put back a copy of it") from error
        if not kinds <= {LABEL, UNDO, LATER, SETTLED, *KINDS}:
            raise UserError(f"{self.path} holds events that this version does not know")
        return events

    def add(self, events: Iterable[Event]) -> None:
        """Appends events; they are whole on the disk when this returns."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        lines = [json.dumps({**event, "at": event.get("at", now)}) + "\n" for event in events]
        if lines:
            self._cut_torn_line()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            append(self.path, "".join(lines).encode())

    def _cut_torn_line(self) -> None:
        with suppress(FileNotFoundError), self.path.open("r+b") as file:
            content = file.read()
            if not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)


def current(events: Iterable[Event], by: str = "index") -> dict[Any, str]:
    """The current answer to each image as people write it, keyed by the field `by` of events."""
    answers: dict[Any, str] = {}
    for event in events:
        if by not in event:
            continue
        answers.pop(event[by], None)
        if event["kind"] == LABEL:
            answers[event[by]] = event["answer"]
        elif event["kind"] in KINDS:
            answers[event[by]] = event["kind"]
    return answers


def settled(events: Iterable[Event], asked: Sequence[int]) -> list[int] | None:
    """The images that settled the first query all of whose images are in `asked`, if any.

    An image leaves the pool when it is answered, so the queries before it cannot match.
    """
    among = set(asked)
    for event in events:
        if event["kind"] == SETTLED and among.issuperset(event["indices"]):
            return list(event["indices"])
    return None


def answer_event(index: int, image: str, name: str | None, word: str) -> Event:
    """The event of an answer, given as people write it."""
    named = {} if name is None else {"name": name}
    said = {"kind": word} if word in KINDS else {"kind": LABEL, "answer": word}
    return {"index": index, "image": image, **named, **said}
