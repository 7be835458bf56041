"""Listeners to the rounds of a run, and what they receive."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from askwell.loop.labelling import Labelling
from askwell.loop.rounds import Preview, RoundResult
from askwell.loop.sight import Sight
from askwell.pool import Pool


@dataclass(frozen=True)
class RunView:
    """A run as listeners see it; they change nothing of it.

    `facts` are those of run.json; `names` are the paths of the images, where they are files.
    """

    classes: tuple[str, ...]
    names: Sequence[str] | None
    labelling: Labelling
    sight: Sight
    made_of: dict[str, str]  # digests of what it computes with, by name
    facts: Callable[[], dict[str, Any]]
    accuracy: Callable[[], float]  # of the last round that was measured

    @property
    def pool(self) -> Pool:
        return self.labelling.pool


class RoundListener:
    """A Lightning callback that is notified of rounds, on the first process only."""

    def on_rounds_start(self, trainer: Any, run: RunView, start: int) -> None:
        """Before the first round of this process, `start`; above 0 after a resume."""

    def on_round_end(self, trainer: Any, result: RoundResult) -> None:
        """After a round is measured and its query chosen, before the checkpoint is written."""

    def on_labels_bought(self, trainer: Any, round: int, preview: Preview) -> None:
        """After a query has bought the labels for `round`, above 0: with the round before, or in a
        later process that people's answers waited for.
        """

    def on_waiting(self, trainer: Any) -> None:
        """When this process ends because the query is not answered yet."""

    def on_rounds_end(self, trainer: Any, reason: str) -> None:
        """When the run is over: by its rounds, budget, target_accuracy, or pool exhausted."""
