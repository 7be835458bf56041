"""What oracles that ask people share: answers are events in the run's folder, kept for other runs
too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.oracle.answers import UNANSWERED
from askwell.oracle.bank import AnswerBank
from askwell.oracle.events import SETTLED, AnswerLog, Event, answer_event
from askwell.oracle.subject import Subject

LOG = "answers.jsonl"


class People:
    """Answers in answers.jsonl of the run's `folder`; those in `answers_dir` are other runs'."""

    sees_truth: ClassVar[bool] = False

    def __init__(self, subject: Subject, folder: str | Path, answers_dir: str | Path) -> None:
        self.subject, self.folder = subject, Path(folder)
        self.log, self.bank = AnswerLog(self.folder / LOG), AnswerBank(answers_dir)
        self.said: dict[int, str] = {}  # the answers that the last question got

    def settled(
        self, indices: Tensor, round: int, relabelled: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        """Notes that `indices` were taken for the answer to the query for `round`; `relabelled` are
        the labels, by index, of images that were asked about again.
        """
        words = [self.said[index] for index in indices.tolist()]
        event = {"kind": SETTLED, "round": round, "indices": indices.tolist(), "answers": words}
        if relabelled:
            classes = self.subject.classes
            event["again"] = {str(index): self.said[index] for index in relabelled}
            event["relabelled"] = {str(one): classes[label] for one, label in relabelled.items()}
        known = [(one.get("indices"), one.get("again")) for one in self.log.read()]
        if (event["indices"], event.get("again")) not in known:
            self.log.add([event])

    def take_banked(self, indices: Sequence[int], known: dict[int, str]) -> None:
        """Enters what other runs were told of those images that are not `known` here."""
        unknown = [index for index in indices if index not in known]
        self.take(self._banked(unknown), known)

    def take(self, words: dict[int, str], known: dict[int, str]) -> list[Event]:
        """Enters answers into the log and `known`; returns their events."""
        events = [self.event(index, word) for index, word in words.items()]
        self.log.add(events)
        known.update(words)
        return events

    def event(self, index: int, word: str) -> Event:
        """The event of an answer to an image."""
        names = self.subject.names
        name = None if names is None else names[index]
        return answer_event(index, self.subject.fingerprint_of(index), name, word)

    def labels(self, asked: Sequence[int], known: dict[int, str]) -> Tensor:
        """The answers to the images `asked`, int64 [Q], UNANSWERED where they are not known."""
        self.said = {index: known[index] for index in asked if index in known}
        words = [known.get(index) for index in asked]
        return torch.tensor([UNANSWERED if word is None else self._label(word) for word in words])

    def _label(self, word: str) -> int:
        return self.subject.label_of(word, self.log.path)

    def _banked(self, indices: list[int]) -> dict[int, str]:
        """What other runs that asked about the same classes were told of these images."""
        bank = self.bank.known(self.subject.classes)
        if not bank:
            return {}
        found = {index: bank.get(self.subject.fingerprint_of(index)) for index in indices}
        return {index: word for index, word in found.items() if word}

    def keep(self, known: dict[int, str], indices: Sequence[int]) -> None:
        """Keeps the answers to these images for other runs, where the bank lacks them."""
        events = [self.event(index, known[index]) for index in indices if index in known]
        bank = self.bank.known(self.subject.classes) if events else {}
        self.bank.add(
            [
                {**event, "classes": sorted(self.subject.classes)}
                for event in events
                if bank.get(event["image"]) != event.get("answer", event["kind"])
            ]
        )

    def means(self, word: str) -> bool:
        """Whether a word is an answer to what this run asks."""
        try:
            self._label(word)
        except UserError:
            return False
        return True
