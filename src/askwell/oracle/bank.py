"""Answers kept by the pixels of images, so that no two runs ask about the same image."""

from pathlib import Path

from askwell.oracle.events import AnswerLog, Event, current

KEPT = ("image", "kind", "answer")


class AnswerBank:
    """All answers that people gave, in one file of `folder`, whichever run asked."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.log = AnswerLog(self.folder / "answers.jsonl")

    def known(self) -> dict[str, str]:
        """The answer to each image, as people write it, by the fingerprint of its pixels."""
        return current(self.log.read(), by="image")

    def add(self, events: list[Event]) -> None:
        """Keeps answers, without `index` and `name`, which mean nothing to another run."""
        self.log.add([{key: event[key] for key in KEPT if key in event} for event in events])
