"""The record of a run on disk: rounds.jsonl and queries.csv, flushed as each round ends."""

import csv
import io
import json
from typing import Any

from pytorch_lightning import Callback

from askwell.files import append, write_whole
from askwell.loop.callback import ActiveLearning
from askwell.loop.rounds import RoundListener, RoundResult
from askwell.pool import Pool
from askwell.run.run_folder import RunFolder


class Record(Callback, RoundListener):
    """Writes the result contract's files into `folder`. After a resume, what is to be done again is
    written again.
    """

    def __init__(self, folder: RunFolder, learning: ActiveLearning) -> None:
        self.folder, self.learning = folder, learning
        self.rounds, self.queries = folder.path / "rounds.jsonl", folder.path / "queries.csv"
        self.written = 0  # labels in queries.csv

    def state_dict(self) -> dict[str, Any]:
        """What the run computes: a checkpoint says it too, since run.json may be lost."""
        return {"study": self.folder.facts.get("study")}

    def on_rounds_start(self, trainer: Any, classes: tuple[str, ...], start: int) -> None:
        self.folder.begin()
        self.folder.describe(**self.learning.facts)
        kept = (
            self.rounds.read_text().splitlines(keepends=True)[:start]
            if self.rounds.exists()
            else []
        )
        write_whole(self.rounds, "".join(kept).encode())
        write_whole(
            self.queries,
            ("round,index,label,score\n" + self._new_rows(trainer.datamodule.pool)).encode(),
        )

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        append(self.queries, self._new_rows(trainer.datamodule.pool))
        append(self.rounds, json.dumps(result.record()) + "\n")
        self.folder.describe(**self.learning.facts)  # scoring may have gone on with smaller batches

    def on_rounds_end(self, trainer: Any, reason: str) -> None:
        self.folder.finish(reason, accuracy=self.learning.accuracy, **self.learning.facts)

    def _new_rows(self, pool: Pool) -> str:
        """The lines of queries.csv that are not written yet."""
        rows = io.StringIO()
        writer = csv.writer(rows, lineterminator="\n")
        for index, bought in list(pool.purchases.items())[self.written :]:
            writer.writerow(
                [bought.round, index, bought.label, "" if bought.score is None else bought.score]
            )
        self.written = len(pool)
        return rows.getvalue()
