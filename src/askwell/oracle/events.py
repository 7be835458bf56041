"""Answers as events: one line each, as people give and undo them, in a file that only grows."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from askwell.errors import UserError
from askwell.files import append
from askwell.opinions import AGAIN, PEOPLE, Consensus, Event, standing, word_of
from askwell.oracle.answers import KINDS

LABEL, UNDO, LATER, SETTLED, TRAIN = "label", "undo", "later", "settled", "train now"
CORRECTED = "corrected"


class AnswerLog:
    """The events of `path`, oldest first. A last line that a kill cut short counts as not written.

    An event about an image holds `index`, `image` (a fingerprint of its pixels), `name` where it is
    a file, `kind` and, for a label, `answer`; of a person also `by`. What answers an image is in
    `askwell.opinions`: its last event, or what several `people` agree on, who are named by an event
    of that kind with the share that two are asked for, `overlap`. An event of kind `settled` holds
    the `indices` that settled a query, the `answers` as they were then, and its `round`; where
    images were asked about `again`, also the answers to them and what they are `relabelled` as, by
    index. One of kind `train now` settles the pending query by what is answered. One of kind
    `corrected` holds the `labels`, by index, that a run took for those from before, for its `round`
    on. Several processes may write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        """The length of the file in bytes."""
        return self.path.stat().st_size if self.path.exists() else 0

    def read(self) -> list[Event]:
        """All events. Raises UserError for a file that is damaged."""
        return self.read_from(0)[0]

    def read_from(self, start: int) -> tuple[list[Event], int]:
        """The events from byte `start` on, and where the next one will be."""
        content = b""
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(start)
            content = file.read()
        end = content.rfind(b"\n") + 1
        try:
            events = [json.loads(line) for line in content[:end].splitlines()]
            kinds = {event["kind"] for event in events}
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(f"{self.path} is damaged ({error}): put back a copy of it") from error
        if not kinds <= {LABEL, UNDO, LATER, SETTLED, TRAIN, CORRECTED, PEOPLE, AGAIN, *KINDS}:
            raise UserError(f"{self.path} holds events that this version does not know")
        return events, start + end

    def add(self, events: Iterable[Event]) -> None:
        """Appends events; they are whole on the disk when this returns."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        lines = [json.dumps({**event, "at": event.get("at", now)}) + "\n" for event in events]
        if lines:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.name}.lock")):
                self._cut_torn_line()
                append(self.path, "".join(lines).encode())

    def _cut_torn_line(self) -> None:
        with suppress(FileNotFoundError), self.path.open("r+b") as file:
            content = file.read()
            if not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)


def current(events: Iterable[Event], by: str = "index") -> dict[Any, str]:
    """The current answer to each image as people write it, keyed by the field `by` of events. One
    that is asked about again keeps its answer until it has another one.
    """
    answers = Consensus.of(standing(events, by), by).answers
    return {key: word_of(event) for key, event in answers.items()}


def without(events: Iterable[Event], *kinds: str) -> list[Event]:
    """The events of other kinds."""
    return [event for event in events if event["kind"] not in kinds]


def settled(events: Sequence[Event], asked: Sequence[int]) -> dict[int, str] | None:
    """The answers, as they were then, that settled the query of the images `asked`, if any."""
    event = settling(events, asked)
    if event is None:
        return None
    then = current(events[: events.index(event)])
    words = event.get("answers") or [then[index] for index in event["indices"]]
    return dict(zip(event["indices"], words, strict=True))


def settling(events: Sequence[Event], asked: Sequence[int]) -> Event | None:
    """The event that settled the first query all of whose images are in `asked`, if any.

    An image leaves the pool when it is answered, so the queries before it cannot match.
    """
    among = set(asked)
    for event in events:
        if event["kind"] == SETTLED and among.issuperset(event["indices"]) and event["indices"]:
            return event
    return None


def answered_again(events: Iterable[Event]) -> dict[int, str | None]:
    """The images that are asked about again, and the answer that each got since, if any."""
    consensus, open_ones = Consensus(), dict[int, None]()
    for event in events:
        consensus.enter(event)
        if event["kind"] == AGAIN:
            open_ones[event["index"]] = None
        for index in event.get("again", ()):
            open_ones.pop(int(index), None)
    found = {index: consensus.answer(index) for index in open_ones}
    return {index: None if event is None else word_of(event) for index, event in found.items()}


def trains_now(events: Iterable[Event]) -> bool:
    """Whether people want the query that is pending to be settled by what is answered."""
    kinds = [event["kind"] for event in events if event["kind"] in (SETTLED, TRAIN)]
    return kinds[-1:] == [TRAIN]


def answer_event(index: int, image: str, name: str | None, word: str) -> Event:
    """The event of an answer, given as people write it."""
    named = {} if name is None else {"name": name}
    said = {"kind": word} if word in KINDS else {"kind": LABEL, "answer": word}
    return {"index": index, "image": image, **named, **said}


def corrected(events: Iterable[Event], round: int) -> dict[int, str] | None:
    """The labels that a run took for former ones, for `round` on; None where it took none."""
    for event in events:
        if event["kind"] == CORRECTED and event["round"] == round:
            return {int(index): word for index, word in event["labels"].items()}
    return None
