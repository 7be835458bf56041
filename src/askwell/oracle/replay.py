"""An oracle that repeats answers: those of a run, or of a table; also those of images that were
asked about several times.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.images.label_table import places_of, read_table
from askwell.opinions import Event
from askwell.oracle.answers import UNANSWERED, Answers, word_of
from askwell.oracle.events import AnswerLog, corrected, current, settled, settling
from askwell.oracle.subject import Subject
from askwell.run.run_json import read_run
from askwell.text import visible

COLUMNS = "set oracle.image_column and oracle.column"


class Replay:
    """Repeats what was answered in the folder `run`, or in the column `column` of a `table`: a CSV,
    or an export of Label Studio (.json).

    If people answered the run, the same images settle each query as then. A table names images,
    relative to the data set's root or to a folder above it, in its column `image_column`. With
    several columns the k-th answer about an image is that of the k-th column.
    """

    sees_truth: ClassVar[bool] = False

    def __init__(
        self,
        subject: Subject,
        run: str | Path | None = None,
        table: str | Path | None = None,
        column: str | Sequence[str] = "label",
        image_column: str = "image",
    ) -> None:
        if (run is None) == (table is None):
            raise UserError(
                "oracle=replay repeats one thing: set oracle.run=FOLDER or oracle.table=FILE"
            )
        self.subject, self.source = subject, Path(str(run or table))
        self.events = [] if run is None else AnswerLog(self.source / "answers.jsonl").read()
        self.ahead = 1
        columns = [column] if isinstance(column, str) else [str(one) for one in column]
        self.askings = (
            None if run is not None else len(columns)
        )  # how often an image is asked about
        self.then: Event | None = None  # what settled the last question
        self.later = [self._of_table(one, image_column) for one in columns[1:]] if table else []
        self.words = self._of_run() if run is not None else self._of_table(columns[0], image_column)

    def __call__(self, indices: Tensor) -> Answers:
        asked = indices.tolist()
        self.then = settling(self.events, asked)
        if self.then is not None:
            then = settled(self.events, asked) or {}
            return self._answers([then.get(index) for index in asked])
        return self._all(asked, [self.words.get(index) for index in asked])

    def again(self, indices: Tensor, times: Tensor) -> Answers:
        """Answers to images that were asked about so many `times` before, [Q] each."""
        asked = indices.tolist()
        if self.then is not None:
            then = self.then.get("again") or {}
            return self._answers([then.get(str(index)) for index in asked])
        sources = [self.words, *self.later]
        pairs = zip(asked, times.tolist(), strict=True)
        known = [sources[time].get(one) if time < len(sources) else None for one, time in pairs]
        return self._all(asked, known)

    def corrected(self, labels: Mapping[int, int], round: int) -> dict[int, int]:
        """The labels that people gave in the place of `labels`, for `round` on."""
        words = corrected(self.events, round) or {}
        found = {index: self.subject.label_of(word, self.source) for index, word in words.items()}
        return {one: label for one, label in found.items() if label != labels.get(one, label)}

    def _all(self, asked: Sequence[int], words: Sequence[str | None]) -> Answers:
        """The answers `words` to the images `asked`. Raises UserError where one is missing."""
        pairs = zip(asked, words, strict=True)
        if missing := [index for index, word in pairs if word is None]:
            raise UserError(
                f"{self.source} holds no answer for {self.subject.described(missing)}: "
                "replay what asked about the same images, or a table of all"
            )
        return self._answers(words)

    def _answers(self, words: Sequence[str | None]) -> Answers:
        labels = [
            UNANSWERED if word is None else self.subject.label_of(word, self.source)
            for word in words
        ]
        return Answers(torch.tensor(labels, dtype=torch.int64), settled=True)

    def _of_run(self) -> dict[int, str]:
        run = read_run(self.source)
        if run is None:
            raise UserError(f"{self.source} holds no run to replay: set oracle.run to its folder")
        if run.get("dataset_fingerprint") != self.subject.fingerprint:
            raise UserError(
                f"{self.source} asked about other images than this run has: "
                "use the data set that it used"
            )
        self.ahead = run.get("ahead", 1)
        if self.events:
            return current(self.events)
        classes = tuple(run["classes"])
        for row in self._rows("relabelled.csv"):
            index, time = int(row["index"]), 0
            while time < len(self.later) and index in self.later[time]:
                time += 1
            self.later += [{}] if time == len(self.later) else []
            self.later[time][index] = word_of(int(row["answer"]), classes)
        return {int(row["index"]): classes[int(row["label"])] for row in self._rows("queries.csv")}

    def _rows(self, name: str) -> list[dict[str, str]]:
        file = self.source / name
        if name != "queries.csv" and not file.exists():
            return []
        with file.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))

    def _of_table(self, column: str, image_column: str) -> dict[int, str]:
        names = self.subject.names
        if names is None:
            raise UserError(
                f"{self.source} names images, and this data set has none that are files: "
                "set oracle.run to a run's folder"
            )
        words: dict[int, str] = {}
        rows = read_table(self.source, image_column, column, COLUMNS)
        for row, place in zip(rows, places_of(rows, names), strict=True):
            if place is None or not row.label:
                continue
            if words.setdefault(place, row.label) != row.label:
                raise UserError(
                    f"{self.source} answers {visible(names[place])} with {visible(row.label)!r} "
                    f"and {visible(words[place])!r}: keep one of them"
                )
        return words
