"""One run as the page sees it: what it asks, what was answered, and whether it can resume."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from askwell.command.page.place import Place
from askwell.opinions import PEOPLE, Consensus, Event, standing
from askwell.oracle.answers import KINDS
from askwell.oracle.events import (
    CORRECTED,
    LABEL,
    LATER,
    SETTLED,
    TRAIN,
    UNDO,
    AnswerLog,
    trains_now,
    without,
)
from askwell.oracle.people import LOG
from askwell.run.question import ASKED, PICTURES, REVIEW, read_asked, read_review
from askwell.run.run_json import read_run


class Asking:
    """The run in `folder`. Everything is read from its files, and answers are written into
    answers.jsonl alone, so that page and run may be killed at any instant.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, AnswerLog(folder / LOG)
        self.place = Place(folder)
        self.named: list[str] = []  # the classes, where they may have changed since
        self.asked: dict[str, Any] | None = None
        self.images: dict[int, dict[str, Any]] = {}  # what it asks about, by index, in order
        self.run: dict[str, Any] = {}
        self.rounds: list[dict[str, Any]] = []
        self.review: list[dict[str, Any]] = []  # answers that deserve a second look
        self.events: list[Event] = []
        self.consensus = Consensus()
        self.answers: dict[int, Event] = {}  # what answers each image that has an answer
        self.later: dict[int, int] = {}  # images put off, by when
        self.uids: set[str] = set()
        self._states: dict[str, Any] = {}
        self._inode, self._offset = None, 0

    @property
    def classes(self) -> list[str]:
        return self.named or list((self.asked or self.run).get("classes") or ())

    @property
    def status(self) -> str | None:
        return self.run.get("status")

    @property
    def grows_later(self) -> bool:
        """Whether the run began with some images of a folder, so that others can join them."""
        return ((self.run.get("config") or {}).get("dataset") or {}).get("at_first") is not None

    def refresh(self) -> bool:
        """Reads what has changed on the disk; whether the question has."""
        if self._changed("run.json"):
            self.run = read_run(self.folder) or {}
        if self._changed("rounds.jsonl"):
            self.rounds = _lines(self.folder / "rounds.jsonl")
        self._read_events()
        if self._changed(REVIEW):
            self.review = read_review(self.folder)
        if not self._changed(ASKED):
            return False
        self.asked = read_asked(self.folder) or self.asked  # the last one until there is another
        self.images = {row["index"]: row for row in (self.asked or {"images": []})["images"]}
        self.place = Place(self.folder)
        return True

    def _changed(self, name: str) -> bool:
        try:
            status = (self.folder / name).stat()
            state: Any = (status.st_ino, status.st_size, status.st_mtime_ns)
        except FileNotFoundError:
            state = None
        changed = self._states.get(name, 0) != state
        self._states[name] = state
        return changed

    def _read_events(self) -> None:
        """Reads on where it stopped, or anew where the file is another one."""
        if not self._changed(LOG):
            return
        inode = self._states[LOG] and self._states[LOG][0]
        if inode != self._inode or self.log.size < self._offset:
            self.events, self.answers, self.later, self.uids = [], {}, {}, set()
            self.consensus = Consensus()
            self._inode, self._offset = inode, 0
        events, self._offset = self.log.read_from(self._offset)
        for event in events:
            self._enter(event)

    def _enter(self, event: Event) -> None:
        self.events.append(event)
        if "uid" in event:
            self.uids.add(event["uid"])
        self.consensus.enter(event)
        if event["kind"] == PEOPLE:  # whose opinions are wanted has changed
            self.answers = self.consensus.answers
        for one in map(int, event.get("relabelled", ())):
            self.answers[one] = self.consensus.answer(one) or event
        index = event.get("index")
        if index is None:
            return
        self.later.pop(index, None)
        self.answers.pop(index, None)
        answer = self.consensus.answer(index)
        if answer is not None:
            self.answers[index] = answer
        elif event["kind"] == LATER:
            self.later[index] = len(self.events)

    def add(self, events: Iterable[Event]) -> None:
        """Writes events, those with an unknown `uid` alone: what is sent twice counts once.

        The question stays as `refresh` has read it.
        """
        self._read_events()
        new = [event for event in events if event.get("uid") not in self.uids]
        self.log.add(new)
        self._read_events()

    def where(self, index: int) -> Event:
        """An image, as events name it."""
        row = self.images.get(index) or self.answers.get(index) or {}
        name = row.get("name")
        return {"index": index} | ({} if name is None else {"name": name})

    def understands(self, word: str) -> bool:
        """Whether an answer means something to this run."""
        return word in self.classes or word in KINDS or word in (UNDO, LATER)

    @property
    def open(self) -> list[int]:
        """The images without an answer, in order; those put off come last."""
        left = [index for index in self.images if index not in self.answers]
        now = [index for index in left if index not in self.later]
        return now + sorted((one for one in left if one in self.later), key=self.later.__getitem__)

    @property
    def lacking(self) -> int:
        """How many answers are lacking until the network trains; 0 where it can."""
        if self.asked is None:
            return 0
        evaluation = set(self.asked["evaluation"])
        unmeasured = len(evaluation - self.answers.keys())
        training = [index for index in self.images if index not in evaluation]
        given = [self.answers[index] for index in training if index in self.answers]
        labels = sum(event["kind"] == LABEL for event in given)
        if self._has_new_label and trains_now(self.events):
            return unmeasured
        wanted = min(self.asked["size"] - labels, len(training) - len(given))
        return unmeasured + max(wanted, 0)

    @property
    def can_train_now(self) -> bool:
        """Whether what is answered could settle the query that is pending."""
        if self.asked is None or self.status != "waiting" or not self.lacking:
            return False
        return self._has_new_label and self.answers.keys() >= set(self.asked["evaluation"])

    @property
    def _has_new_label(self) -> bool:
        """Whether an image that is trained on and had no label got one."""
        evaluation = set(self.asked["evaluation"]) if self.asked else set()
        return any(
            self.answers.get(index, {}).get("kind") == LABEL
            for index, row in self.images.items()
            if index not in evaluation and "times" not in row
        )

    @property
    def settles(self) -> bool:
        """Whether the run can resume with what is answered."""
        return self.status == "waiting" and self.asked is not None and not self.lacking

    def train_now(self) -> None:
        """Settles the query that is pending by what is answered."""
        self.add([{"kind": TRAIN}])

    @property
    def pictures(self) -> Path:
        return self.folder / PICTURES


def _lines(file: Path) -> list[dict[str, Any]]:
    content = file.read_bytes() if file.exists() else b""
    return [json.loads(line) for line in content[: content.rfind(b"\n") + 1].splitlines()]


def without_settled(events: Iterable[Event]) -> list[Event]:
    """What people said, without what a run made of it; but where it asked about an image again what
    all answers came to, as a decision.
    """
    kept: list[Event] = []
    last: dict[int, Event] = {}
    for event in standing(events):
        kept.append(event)
        if "index" in event:
            last[event["index"]] = event
        for index, word in event.get("relabelled", {}).items():
            image = {key: last[int(index)].get(key) for key in ("index", "image", "name", "by")}
            named = {key: value for key, value in image.items() if value is not None}
            decided = {"kind": LABEL, "answer": word, "decides": True, "at": event["at"]}
            kept.append(named | decided)
    return without(kept, SETTLED, TRAIN, CORRECTED)
