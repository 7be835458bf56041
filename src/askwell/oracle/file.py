"""An oracle that asks by questions.csv and reads answers.csv."""

from pathlib import Path

from torch import Tensor

from askwell.errors import StillWaitingError, UserError
from askwell.images.label_table import read_table
from askwell.oracle.answers import Answers
from askwell.oracle.events import current
from askwell.oracle.people import People
from askwell.oracle.subject import Subject
from askwell.text import visible

ANSWERS = "answers.csv"
LONGEST = 12  # digits of an index


class File(People):
    """Takes the answers that `answers.csv` in the run's `folder` holds (`index,label`).

    A label is a class, `cannot tell`, `none of these` or `broken`. A taken answer becomes an event
    in answers.jsonl and is kept in `answers_dir` for other runs. Rows that repeat a taken answer
    are skipped; any other row that does not fit the question raises StillWaitingError.
    """

    def __init__(self, subject: Subject, folder: str | Path, answers_dir: str | Path) -> None:
        super().__init__(subject, folder, answers_dir)
        self.file = self.folder / ANSWERS

    def __call__(self, indices: Tensor) -> Answers:
        asked = indices.tolist()
        known = current(self.log.read())
        self.take_banked(asked, known)
        fresh = self._read(asked, known)
        missing = [index for index in asked if index not in known and index not in fresh]
        if fresh and missing:  # nothing is taken yet: a row may still be corrected
            raise StillWaitingError(
                f"{self.file} lacks {len(missing)} of {len(asked)} answers, those for "
                f"{self.subject.described(missing)}: add their rows, then resume"
            )
        self.take(fresh, known)
        self.keep(known, asked)
        return Answers(self.labels(asked, known))

    def _read(self, asked: list[int], known: dict[int, str]) -> dict[int, str]:
        """The answers in the file that are not known yet; all rows are checked first."""
        fresh: dict[int, str] = {}
        for cell, word in self._rows():
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

    def _rows(self) -> list[tuple[str, str]]:
        """Index and answer in the rows of the file that hold an answer."""
        if not self.file.exists():
            return []
        try:
            rows = read_table(self.file, "index", "label")
            return [(row.image, row.label) for row in rows if row.label]
        except UserError as error:
            raise StillWaitingError(str(error)) from error

    def _index(self, cell: str) -> int:
        if len(cell) > LONGEST or not cell.isdecimal() or int(cell) >= len(self.subject.images):
            raise StillWaitingError(
                f"{self.file} holds the index {visible(cell[:50])!r}: expected one of questions.csv"
            )
        return int(cell)

    def _refuse_unknown(self, index: int, word: str) -> None:
        try:
            self.subject.label_of(word, self.file)
        except UserError as error:
            raise StillWaitingError(f"{error}, for {self.subject.described([index])}") from error
