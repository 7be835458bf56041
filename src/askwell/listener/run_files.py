"""The files of a run: rounds.jsonl and queries.csv, flushed each round, and questions."""

import json
from typing import Any

from pytorch_lightning import Callback

from askwell.files import append, write_whole
from askwell.listener.asked import write_asked
from askwell.listener.queried import first_preview, write_queried
from askwell.listener.review import write_review
from askwell.loop.listener import RoundListener, RunView
from askwell.loop.rounds import Preview, RoundResult
from askwell.oracle.answers import word_of
from askwell.run.question import (
    remove_pending,
    remove_questions,
    table,
    write_evaluation,
    write_pending,
    write_questions,
)
from askwell.run.run_folder import RunFolder

COLUMNS = ["round", "index", "label", "score"]
RELABELLED = "relabelled.csv"
REPEATED = ["round", "index", "answer", "before", "label", "asked"]


class Record(Callback, RoundListener):
    """Writes the files of a run into `folder`; a resume rewrites what it repeats."""

    run: RunView

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.rounds, self.queries = folder.path / "rounds.jsonl", folder.path / "queries.csv"
        self.written = 0  # labels in queries.csv

    def state_dict(self) -> dict[str, Any]:
        """What the run computes, also in the checkpoint, since run.json may be lost."""
        return {"study": self.folder.facts.get("study")}

    def on_rounds_start(self, trainer: Any, run: RunView, start: int) -> None:
        self.run = run
        self.folder.begin()
        self.folder.describe(**run.facts())
        kept = self.rounds.read_text().splitlines(keepends=True) if self.rounds.exists() else []
        write_whole(self.rounds, "".join(kept[:start]).encode())
        header = COLUMNS if run.names is None else [*COLUMNS, "image"]
        write_whole(self.queries, table(header, self._new_rows()))
        self._write_relabelled()
        self._write_answers()
        if start == 0 and (first := first_preview(run)) is not None:
            write_queried(self.folder.path, run, 0, first)

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        self._write_answers()
        rows = self._new_rows()
        append(self.queries, table(rows[0], rows[1:]) if rows else b"")
        self._write_relabelled()
        append(self.rounds, (json.dumps(result.record()) + "\n").encode())
        spread = {} if result.interval is None else {"accuracy_interval": list(result.interval)}
        self.folder.describe(**spread, **self.run.facts())  # its batches may have become smaller

    def on_labels_bought(self, trainer: Any, round: int, preview: Preview) -> None:
        write_queried(self.folder.path, self.run, round, preview)

    def on_waiting(self, trainer: Any) -> None:
        labelling, pool = self.run.labelling, self.run.pool
        state = {"labelling": labelling.state_dict(), "pool": pool.state_dict()}
        write_pending(self.folder.path, {**state, "made_of": self.run.made_of})
        write_questions(self.folder.path, labelling.open, self.run.names)
        write_asked(self.folder.path, self.run)
        self.folder.wait(questions=len(labelling.open))
        if labelling.pending is not None and labelling.pending.round:
            write_review(self.folder.path, self.run)  # last: nobody waits for it

    def on_rounds_end(self, trainer: Any, reason: str) -> None:
        remove_questions(self.folder.path)
        self.folder.finish(reason, accuracy=self.run.accuracy(), **self.run.facts())
        write_review(self.folder.path, self.run)

    def _write_relabelled(self) -> None:
        """Writes all answers about images that had a label, where there are any."""
        names, repeats = self.run.names, self.run.pool.repeats
        rows = [
            [one.round, one.index, one.answer, one.before, one.label, int(one.asked)]
            + ([] if names is None else [names[one.index]])
            for one in repeats
        ]
        header = REPEATED if names is None else [*REPEATED, "image"]
        file = self.folder.path / RELABELLED
        if rows:
            write_whole(file, table(header, rows))
        else:
            file.unlink(missing_ok=True)  # of rounds that a kill undid

    def _write_answers(self) -> None:
        """Writes the answers about evaluation images once they are settled."""
        if self.run.labelling.pending is None:
            remove_pending(self.folder.path)
        answers, classes = self.run.labelling.evaluated, self.run.classes
        if answers and not (self.folder.path / "evaluation.csv").exists():
            words = {index: word_of(label, classes) for index, label in answers.items()}
            write_evaluation(self.folder.path, words, self.run.names)

    def _new_rows(self) -> list[list[Any]]:
        """The rows of queries.csv that are not written yet."""
        bought, names = list(self.run.pool.purchases.items()), self.run.names
        new, self.written = bought[self.written :], len(bought)
        return [
            [one.round, index, one.label, "" if one.score is None else one.score]
            + ([] if names is None else [names[index]])
            for index, one in new
        ]
