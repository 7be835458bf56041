"""An oracle that asks by questions.csv and reads answers.csv."""

from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import StillWaitingError, UserError
from askwell.oracle.answers import UNANSWERED, Answers
from askwell.oracle.bank import AnswerBank
from askwell.oracle.events import SETTLED, AnswerLog, answer_event, current
from askwell.oracle.subject import Subject
from askwell.oracle.table import read_table
from askwell.text import visible

ANSWERS = "answers.csv"


class File:
    """Takes the answers that `answers.csv` in the run's `folder` holds (`index,label`).

    A label is a class, `cannot tell`, `none of these` or `broken`. A taken answer becomes an event
    in answers.jsonl and is kept in `answers_dir` for other runs. Rows that repeat a taken answer
    are skipped; any other row that does not fit the question raises StillWaitingError.
    """

    sees_truth: ClassVar[bool] = False

    def __init__(self, subject: Subject, folder: str | Path, answers_dir: str | Path) -> None:
        self.subject, self.file = subject, Path(folder) / ANSWERS
        self.log, self.bank = AnswerLog(Path(folder) / "answers.jsonl"), AnswerBank(answers_dir)

    def __call__(self, indices: Tensor) -> Answers:
        asked = indices.tolist()
        known = current(self.log.read())
        self._take(self._banked([index for index in asked if index not in known]), known)
        fresh = self._read(asked, known)
        self.bank.add(self._take(fresh, known))
        missing = [index for index in asked if index not in known]
        if fresh and missing:
            raise StillWaitingError(
                f"{self.file} lacks {len(missing)} of {len(asked)} answers, those for "
                f"{self.subject.described(missing)}: add their rows, then resume"
            )
        labels = [self._label(known[index]) if index in known else UNANSWERED for index in asked]
        return Answers(torch.tensor(labels, dtype=torch.int64))

    def settled(self, indices: Tensor, round: int) -> None:
        """Notes that `indices` settled the query for `round`."""
        event = {"kind": SETTLED, "round": round, "indices": indices.tolist()}
        events = self.log.read()
        if not any(one["kind"] == SETTLED and one["indices"] == event["indices"] for one in events):
            self.log.add([event])

    def _label(self, word: str) -> int:
        return self.subject.label_of(word, self.log.path)

    def _banked(self, indices: list[int]) -> dict[int, str]:
        """Answers of other runs about these images, where their words mean something here."""
        bank = self.bank.known()
        if not bank:
            return {}
        found = {index: bank.get(self.subject.fingerprint_of(index)) for index in indices}
        return {index: word for index, word in found.items() if word and self._means(word)}

    def _means(self, word: str) -> bool:
        try:
            self._label(word)
        except UserError:
            return False
        return True

    def _take(self, words: dict[int, str], known: dict[int, str]) -> list[dict[str, object]]:
        """Enters answers into the log and `known`; returns their events."""
        names = self.subject.names
        events = [
            answer_event(
                index,
                self.subject.fingerprint_of(index),
                None if names is None else names[index],
                word,
            )
            for index, word in words.items()
        ]
        self.log.add(events)
        known.update(words)
        return events

    def _read(self, asked: list[int], known: dict[int, str]) -> dict[int, str]:
        """The answers in the file that are not known yet; all rows are checked first."""
        fresh: dict[int, str] = {}
        for cell, word in read_table(self.file, "index", "label") if self.file.exists() else ():
            index = self._index(cell)
            before = known.get(index, fresh.get(index))
            self._refuse_unknown(index, word)
            if before is not None and before != word:
                raise StillWaitingError(
                    f"{self.file} answers {self.subject.described([index])} with "
                    f"{visible(word)!r}, it was answered {visible(before)!r} before: "
                    "remove one of them"
                )
            if before is None and index not in asked:
                raise StillWaitingError(
                    f"{self.file} answers {self.subject.described([index])}, which was not asked: "
                    "answer the rows of questions.csv"
                )
            if before is None:
                fresh[index] = word
        return fresh

    def _index(self, cell: str) -> int:
        if not cell.isdecimal() or int(cell) >= len(self.subject.images):
            raise StillWaitingError(
                f"{self.file} holds the index {visible(cell)!r}: expected one of questions.csv"
            )
        return int(cell)

    def _refuse_unknown(self, index: int, word: str) -> None:
        try:
            self.subject.label_of(word, self.file)
        except UserError as error:
            raise StillWaitingError(f"{error}, for {self.subject.described([index])}") from error
