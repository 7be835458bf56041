"""Answers kept by the pixels of images, so that no two runs ask about the same image."""

from collections.abc import Sequence
from pathlib import Path

from askwell.oracle.events import AnswerLog, Event, current

KEPT = ("image", "kind", "answer", "classes")


class AnswerBank:
    """All answers that people gave, in one file of `folder`, whichever run asked."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.log = AnswerLog(self.folder / "answers.jsonl")

    def known(self, classes: Sequence[str]) -> dict[str, str]:
        """The answers where people had the choice of these classes, as they write them, by the
        fingerprint of the image's pixels.
        """
        alike = [event for event in self.log.read() if event.get("classes") == sorted(classes)]
        return current(alike, by="image")

    def add(self, events: list[Event]) -> None:
        """Keeps answers, without `index` and `name`, which mean nothing to another run."""
        self.log.add([{key: event[key] for key in KEPT if key in event} for event in events])
