"""A run without its trainer: what is asked, what is measured, and when it is over."""

import logging
from typing import Any

import torch

from askwell.batches.datamodule import ActiveDataModule
from askwell.errors import UserError
from askwell.loop.agreement import digest_of
from askwell.loop.clock import Clock
from askwell.loop.diversity import Diversity
from askwell.loop.listener import RunView
from askwell.loop.pending import Settled
from askwell.loop.rounds import AskedAgain, Preview, RoundResult, learned_classes, lost_classes
from askwell.loop.settings import Settings
from askwell.loop.sight import Sight
from askwell.oracle.answers import kinds_of
from askwell.run import provenance
from askwell.text import first_of, visible

log = logging.getLogger(__name__)


def made_of(data: ActiveDataModule, weights: str) -> dict[str, str]:
    """What a run computes with and no setting says, by name; `weights` are the initial ones."""
    named = {"data set": data.dataset.fingerprint, "initial weights": weights}
    embeddings = data.embeddings
    if embeddings is None:
        return named
    named["encoder"] = embeddings.encoder
    if data.dataset.first_fingerprint is not None:  # images may come and go
        return named
    return {**named, "embeddings": embeddings.fingerprint}


NAMED = 5
"""The most classes named of those that the first labels lack."""


class Learner:
    """Buys the first labels, and ends each round by evaluation and a query.

    `reason` is why the run is over, once it is; `waiting` means that answers are missing.
    """

    sight: Sight

    def __init__(self, settings: Settings, data: ActiveDataModule, processes: int) -> None:
        self.settings, self.data, self.pool = settings, data, data.pool
        self.plan = settings.plan(data.dataset, processes)
        self.prices = settings.prices(data.dataset)
        self.labelling = settings.labelling(data)
        self.clock = Clock()
        self.round, self.accuracy = 0, 0.0
        self.reason: str | None = None
        self.waiting = False
        self.learned: list[str] = []
        self.diversity: Diversity | None = None  # of the last query
        self.predicted: dict[int, int] = {}  # of the stop set in the last round, by index
        self.halvings = 0  # of the scoring batch, before this process
        self.weights_digest = ""  # of the initial weights
        self.asked_before: dict[str, Any] | None = None  # what an earlier process left pending

    @property
    def view(self) -> RunView:
        """The run as listeners see it."""
        dataset = self.data.dataset
        parts = (dataset.classes, dataset.train.names, self.labelling, self.sight)
        return RunView(*parts, self.study, facts=self.facts, accuracy=lambda: self.accuracy)

    def begin(self, sight: Sight) -> None:
        """Uses `sight` from now on; buys the first labels of a run that has none."""
        self.sight = sight
        self.labelling.untaught = sight.untaught_features
        self._take_up()
        self._enter_given()
        if self.round == 0:
            self._buy_first_labels()
        if self.labelling.evaluated:
            held = set(self.data.dataset.held.tolist())  # those that can still be read
            answers = self.labelling.evaluated.items()
            sight.measure_on({index: label for index, label in answers if index in held})

    def _take_up(self) -> None:
        """Continues with what an earlier process asked for this round, and the answers so far."""
        if self.asked_before is None:
            return
        labelling, pool = self.asked_before["labelling"], self.asked_before["pool"]
        before = self.asked_before["made_of"]
        if any(before.get(name, value) != value for name, value in self.study.items()):
            raise UserError(
                "the images or the network are not those of the question that was answered: "
                "continue with what it was asked about, or start anew under another name=..."
            )
        known = self.pool.state_dict()["purchases"]
        if labelling["pending"][1] == self.round and pool["purchases"][: len(known)] == known:
            self.pool.load_state_dict(pool)
            self.labelling.load_state_dict(labelling)

    def _enter_given(self) -> None:
        """Enters the labels that the data set brings, also those that came since the last start."""
        truth, known = self.data.dataset.train.truth, {*self.pool.purchases, *self.pool.dropped}
        fresh = [index for index in self.data.dataset.given.tolist() if index not in known]
        if truth is not None:
            self.pool.give(fresh, truth[fresh].tolist(), self.round)

    def resume(self) -> Preview | None:
        """Continues a run that waited, or that had ended, since its limits may have been raised.

        Returns the first images of the query that is settled by it, if one is.
        """
        if self.reason is None and self.labelling.pending is None:
            return None
        self.sight.refresh()
        self.reason = self._reason_to_stop(self.round - 1)
        if self.reason is not None:  # by limits that may have been lowered
            self.labelling.pending = None
            return None
        settled = self._labels_after(self.round - 1)
        self.diversity, preview = self.sight.regard(settled, self.round - 1)
        self.sight.scorer.agree()
        return preview

    def end_round(self, train_seconds: float) -> RoundResult:
        """Measures the network and buys the labels of the next round, if there is one."""
        known = self._known()
        evaluation = self.sight.evaluate(self.round)
        self.accuracy = evaluation.accuracy
        steadiness, self.predicted = self.sight.steadiness(self.predicted)
        eval_seconds = self.clock.lap()
        settled = self._labels_after(self.round)
        classes = self.data.dataset.classes
        self.learned = learned_classes(self.learned, evaluation, classes)
        score_seconds = self.clock.lap()
        diversity, preview = self.sight.regard(settled, self.round)
        result = RoundResult(
            round=self.round,
            evaluation=evaluation,
            classes=classes,
            train_seconds=train_seconds,
            score_seconds=score_seconds,
            eval_seconds=eval_seconds,
            lost_classes=lost_classes(self.learned, evaluation, classes),
            preview=preview,
            query_diversity=self.diversity,
            steadiness=steadiness,
            reason=self.reason,
            sample=len(self.sight.truth) if len(self.data.dataset.held) else None,
            **known,
        )
        self.diversity = diversity  # of the labels for the next round
        self.round += 1
        return result

    def _known(self) -> dict[str, Any]:
        """The facts of a round that are known before its end: the labels that it trained on."""
        return {
            "labels": self.pool.total,
            "pool_size": self.pool.left,
            "query_class_counts": self._class_counts(),
            "answers": kinds_of(self.pool.answers_of_round(self.round)),
            "wrong_labels": self._wrong_labels(),
            "cost": self._spent,
            "asked_again": AskedAgain.of(self.pool.repeats_of_round(self.round)),
        }

    def _wrong_labels(self) -> int | None:
        """How many labels bought for this round are not the truth; None where it is not known."""
        truth, given = self.data.dataset.train.truth, set(self.pool.given)
        if truth is None or not self.data.dataset.knows_truth:
            return None
        bought = ((index, one) for index, one in self.pool.purchases.items() if index not in given)
        wrong = (one.label != truth[index] for index, one in bought if one.round == self.round)
        return sum(map(bool, wrong))

    def _class_counts(self) -> dict[str, int]:
        classes = self.data.dataset.classes
        counts = torch.bincount(self.pool.labels_of_round(self.round), minlength=len(classes))
        return dict(zip(classes, counts.tolist(), strict=True))

    def _buy_first_labels(self) -> None:
        """The labels of round 0: those that the data set brings, and those of the first query."""
        asked = bool(self.labelling.pending)
        while asked or len(self.pool) < self.plan.least or self.labelling.lacks_evaluation:
            if not asked:
                self.labelling.choose_first(self._first_size(), self.sight.looks(-1))
            if self.labelling.settle() is None:
                self.waiting = True
                return
            asked = False
        self._warn_of_absent_classes()

    def _first_size(self) -> int:
        """How many images are asked about first, or again where too few have a label."""
        if not self.labelling.first:
            return self.plan.initial_size
        return self.plan.first_again(len(self.pool), self._spent)

    def _labels_after(self, round: int) -> Settled | None:
        """The labels that the query at the end of `round` buys; None where the run ends or waits.

        After a query without one usable label comes another one.
        """
        while True:
            if self.labelling.pending is None:
                self.reason = self._reason_to_stop(round)
                if self.reason is not None:
                    return None
                size = self.plan.next_query(self._spent, self.pool.left)
                self.labelling.choose(size, round, self.sight.looks(round))
            settled = self.labelling.settle()
            self.waiting = settled is None
            if settled is None or len(settled.indices):
                return settled

    def _reason_to_stop(self, round: int) -> str | None:
        return self.plan.reason_to_stop(round, self._spent, self.accuracy, self.pool.left)

    @property
    def _spent(self) -> float:
        """What counts against the budget."""
        return self.prices.spent(self.pool)

    def _warn_of_absent_classes(self) -> None:
        counts = self._class_counts()
        absent = [visible(name) for name, count in counts.items() if not count]
        if absent and self.labelling.processes.is_first:
            log.warning(
                "the %d initial labels are of %d of %d classes, none of %s: "
                "the network learns those from the queries only",
                sum(counts.values()),
                len(counts) - len(absent),
                len(counts),
                first_of(absent, NAMED),
            )

    @property
    def study(self) -> dict[str, Any]:
        """What a resume must share and no setting determines, by name."""
        return made_of(self.data, self.weights_digest)

    def facts(self) -> dict[str, Any]:
        """The facts of this run for run.json; equal digests mean a paired start."""
        parts = (self.data, self.plan, self.labelling, self.sight)
        return provenance.of_study(*parts) | {"weights_digest": self.weights_digest}

    @property
    def position(self) -> dict[str, Any]:
        """Where this process resumes, for comparison with the others."""
        bought = [(index, one.label) for index, one in self.pool.purchases.items()]
        return {
            "round": self.round,
            "labels": digest_of([*bought, *self.pool.repeats]),
            "ranking": digest_of([index for index, _ in self.labelling.ranked]),
        }

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds of the loop, as plain values."""
        return {
            "round": self.round,
            "accuracy": self.accuracy,
            "reason": self.reason,
            "learned": self.learned,
            "diversity": None if self.diversity is None else list(self.diversity),
            "predicted": [list(one) for one in self.predicted.items()],
            "halvings": self.sight.scorer.halvings,
            "pool": self.pool.digest,
            "study": self.study,
            **self.labelling.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores the state of a checkpoint, after its pool was restored."""
        if state["pool"] != self.pool.digest:
            raise ValueError(
                "the checkpoint's pool is not that of its rounds: the data module was not restored"
            )
        self.round, self.accuracy = state["round"], state["accuracy"]
        self.reason, self.learned = state["reason"], state["learned"]
        diversity = state.get("diversity")
        self.diversity = None if diversity is None else Diversity(*diversity)
        self.predicted = dict(state.get("predicted", []))
        self.halvings = state.get("halvings", 0)
        self.labelling.load_state_dict(state)
