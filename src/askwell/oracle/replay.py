"""An oracle that repeats answers: those of a run, or of a table."""

import csv
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from askwell.errors import UserError
from askwell.images.label_table import places_of, read_table
from askwell.oracle.answers import UNANSWERED, Answers
from askwell.oracle.events import AnswerLog, current, settled
from askwell.oracle.subject import Subject
from askwell.run.run_json import read_run
from askwell.text import visible

COLUMNS = "set oracle.image_column and oracle.column"


class Replay:
    """Repeats what was answered in the folder `run`, or in the column `column` of a `table`: a CSV,
    or an export of Label Studio (.json).

    If people answered the run, the same images settle each query as then. A table names images,
    relative to the data set's root or to a folder above it, in its column `image_column`.
    """

    sees_truth: ClassVar[bool] = False

    def __init__(
        self,
        subject: Subject,
        run: str | Path | None = None,
        table: str | Path | None = None,
        column: str = "label",
        image_column: str = "image",
    ) -> None:
        if (run is None) == (table is None):
            raise UserError(
                "oracle=replay repeats one thing: set oracle.run=FOLDER or oracle.table=FILE"
            )
        self.subject, self.source = subject, Path(str(run or table))
        self.events = [] if run is None else AnswerLog(self.source / "answers.jsonl").read()
        self.ahead = 1
        self.words = self._of_run() if run is not None else self._of_table(column, image_column)

    def __call__(self, indices: Tensor) -> Answers:
        asked = indices.tolist()
        then = settled(self.events, asked)
        words = self.words if then is None else then
        missing = [index for index in asked if then is None and index not in words]
        if missing:
            raise UserError(
                f"{self.source} holds no answer for {self.subject.described(missing)}: "
                "replay what asked about the same images, or a table of all"
            )
        labels = [
            self.subject.label_of(words[index], self.source) if index in words else UNANSWERED
            for index in asked
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
        with (self.source / "queries.csv").open(encoding="utf-8", newline="") as file:
            return {
                int(row["index"]): run["classes"][int(row["label"])] for row in csv.DictReader(file)
            }

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
