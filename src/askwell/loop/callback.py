"""The active-learning loop: at the end of a round's last epoch measure, ask, label; then train
again.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import distributed

from askwell.batches.datamodule import ActiveDataModule
from askwell.errors import UserError
from askwell.images.contracts import truth_of
from askwell.images.on_gpu import on_device
from askwell.loop.agreement import digest_of, refuse_differences
from askwell.loop.diversity import Diversity, query_diversity
from askwell.loop.labelling import Answers, Labelling
from askwell.loop.plan import plan_for
from askwell.loop.rounds import Preview, RoundListener, RoundResult, learned_classes, lost_classes
from askwell.loop.tracking import tracked
from askwell.loop.trainer_flags import refuse_flags
from askwell.oracle.simulated import Oracle
from askwell.processes import Processes
from askwell.randomness import key
from askwell.run import provenance
from askwell.scoring.evaluation import Evaluation, evaluate
from askwell.scoring.frozen import FrozenNetwork
from askwell.scoring.pool_looks import PoolLooks
from askwell.scoring.scorer import Scorer, batch_size_for
from askwell.strategy import Strategy
from askwell.strategy.draws import Draws, Laplace
from askwell.strategy.look import Look
from askwell.text import first_of, visible

log = logging.getLogger(__name__)

PREVIEWED = 32
"""How many of a round's queried images are shown."""

NAMED = 5
"""How many of the classes that the initial set lacks are named."""


class ActiveLearning(pl.Callback):
    """Buys the initial set, then runs rounds of `epochs_per_round` epochs, each ended by evaluation
    and a query.

    `reset` starts every round from the initial weights with a new optimizer. With `rescore_every` m
    the pool is ranked in every m-th round only, and the rounds between ask for what ranked next.
    `limits` are those of
    `plan_for`.
    """

    def __init__(
        self,
        strategy: Strategy,
        oracle: Callable[..., Oracle],
        seed: int,
        epochs_per_round: int = 1,
        reset: bool = False,
        rescore_every: int = 1,
        scoring_batch_size: int | None = None,
        compile: bool = False,
        candidates: int | None = None,
        draws: Draws | None = None,
        **limits: Any,
    ) -> None:
        counts = {
            "protocol.epochs_per_round": epochs_per_round,
            "protocol.rescore_every": rescore_every,
            "protocol.candidates": candidates,
        }
        for setting, value in (
            counts | {"callbacks.active_learning.scoring_batch_size": scoring_batch_size}
        ).items():
            if value is not None and value < 1:
                raise UserError(f"{setting}={value}: expected at least 1")
        self.strategy, self.oracle_for, self.seed = strategy, oracle, seed
        self.epochs_per_round, self.reset, self.rescore_every = (
            epochs_per_round,
            reset,
            rescore_every,
        )
        self.scoring_batch_size, self.compile, self.limits = scoring_batch_size, compile, limits
        self.candidates, self.draws = candidates, draws or Laplace()
        self.round = 0
        self.accuracy = 0.0
        self.reason: str | None = None
        self.learned: list[str] = []
        self.diversity: Diversity | None = None  # of the last query
        self.halvings = 0  # of the scoring batch, before this process
        self.data: Any = None  # the ActiveDataModule, once the run is planned
        self.loaded_weights: str | None = None  # the digest of what a resume began with

    def prepare(self, trainer: Any, data: ActiveDataModule) -> None:
        """Plans the run. Raises UserError for what cannot be, before anything is written or
        logged.
        """
        refuse_flags(trainer)
        self.data = data
        dataset = self.data.dataset
        self.plan = plan_for(
            len(dataset.train),
            **self.limits,
            num_classes=len(dataset.classes),
            processes=trainer.world_size,
        )
        oracle = self.oracle_for(labels=dataset.train.truth, num_classes=len(dataset.classes))
        choice = self.rescore_every, self.candidates
        self.labelling = Labelling(self.strategy, oracle, self.data.pool, self.seed, *choice)

    # Lightning's hooks, in the order in which it calls them

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if self.data is None:
            self.prepare(trainer, trainer.datamodule)
        self.processes = Processes(
            trainer.global_rank, trainer.world_size, trainer.strategy.root_device
        )
        self.labelling.processes = self.processes
        self.initial_weights = {
            name: weight.clone() for name, weight in pl_module.state_dict().items()
        }
        self.weights_digest = provenance.weights_digest(self.initial_weights)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if state_dict["pool"] != self.data.pool.digest:
            raise ValueError(
                "the checkpoint's pool is not that of its rounds: the data module was not restored"
            )
        self.round, self.accuracy, self.reason = (
            state_dict["round"],
            state_dict["accuracy"],
            state_dict["reason"],
        )
        self.learned = state_dict["learned"]
        self.diversity = (
            Diversity(*state_dict["diversity"]) if state_dict.get("diversity") else None
        )
        self.labelling.ranked = [(index, score) for index, score in state_dict["ranked"]]
        self.halvings = state_dict.get("halvings", 0)

    def on_load_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        self.loaded_weights = provenance.weights_digest(checkpoint["state_dict"])

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        dataset, device = self.data.dataset, trainer.strategy.root_device
        self.train_images, self.evaluation_images = on_device(
            [dataset.train, dataset.evaluation], device
        )
        batch_size = self.scoring_batch_size or batch_size_for(device, dataset.train)
        self.scorer = Scorer(
            FrozenNetwork(pl_module.network, self.compile),
            batch_size,
            device,
            self.processes,
            trainer.precision_plugin.forward_context,
            tracked(trainer),
            self.halvings,
        )
        refuse_differences(
            self._resumed, self.processes.gather, "resume all processes from the same checkpoint"
        )
        if not self.data.pool:
            self.labelling.buy_initial_set(self.plan.initial_size)
            if trainer.is_global_zero:
                _tell_absent_classes(self._class_counts())

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        for listener in self._listeners(trainer):
            listener.on_rounds_start(trainer, self.data.dataset.classes, self.round)
        if (
            self.reason is not None
        ):  # resumed after its end: it goes on only if the limits were raised
            self.scorer.network.refresh()
            self.diversity = self._diversity(
                self._ask_or_stop(trainer, self.round - 1), self.round - 1
            )
            self.scorer.agree()

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        torch.manual_seed(key("epoch", self.seed, trainer.current_epoch, trainer.global_rank))
        if trainer.current_epoch % self.epochs_per_round:
            return
        self.started = time.monotonic()
        if self.reset and self.round:
            pl_module.load_state_dict(self.initial_weights)
            pl_module.setup(
                "fit"
            )  # Lightning called it after ours, so these weights lack what it had set
            trainer.strategy.setup_optimizers(trainer)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        if (trainer.current_epoch + 1) % self.epochs_per_round:
            return
        if trainer.strategy.root_device.type == "cuda":
            torch.cuda.synchronize()  # or the last steps would be timed as evaluation
        trained = time.monotonic()
        labels, counts = len(self.data.pool), self._class_counts()
        evaluation = self._evaluate(trainer, pl_module)
        evaluated = time.monotonic()
        answers = self._ask_or_stop(trainer, self.round)
        asked = time.monotonic()
        classes = self.data.dataset.classes
        self.learned = learned_classes(self.learned, evaluation, classes)
        result = RoundResult(
            round=self.round,
            labels=labels,
            evaluation=evaluation,
            classes=classes,
            pool_size=self.data.pool.size - labels,
            query_class_counts=counts,
            train_seconds=trained - self.started,
            score_seconds=asked - evaluated,
            eval_seconds=evaluated - trained,
            lost_classes=lost_classes(self.learned, evaluation, classes),
            preview=self._preview(answers)
            if answers and trainer.loggers and trainer.is_global_zero
            else None,
            query_diversity=self.diversity,
        )
        self.diversity = self._diversity(answers, self.round)  # for the next round
        self.round += 1
        for listener in self._listeners(trainer):
            listener.on_round_end(trainer, result)
        self.scorer.agree()  # on what the checkpoint keeps

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        for listener in self._listeners(trainer):
            if self.reason is not None:
                listener.on_rounds_end(trainer, self.reason)

    def state_dict(self) -> dict[str, Any]:
        return {
            "round": self.round,
            "accuracy": self.accuracy,
            "reason": self.reason,
            "learned": self.learned,
            "ranked": self.labelling.ranked,
            "diversity": None if self.diversity is None else list(self.diversity),
            "halvings": self.scorer.halvings,
            "pool": self.data.pool.digest,
            "study": self.study,
        }

    @property
    def study(self) -> dict[str, Any]:
        """What must be the same before and after a resume and no setting tells: what it is called,
        and its value.
        """
        return {"data set": self.data.dataset.fingerprint, "initial weights": self.weights_digest}

    @property
    def facts(self) -> dict[str, Any]:
        """What this run is made of, for run.json; equal digests mean a paired start."""
        return provenance.of_study(self.data, self.plan, self.labelling, self.scorer) | {
            "weights_digest": self.weights_digest
        }

    @property
    def _resumed(self) -> dict[str, Any]:
        """Where this process resumes; the weights as they were loaded, before Lightning shares the
        first process's.
        """
        ranked = digest_of([index for index, _ in self.labelling.ranked])
        bought = digest_of(
            [(index, bought.label) for index, bought in self.data.pool.purchases.items()]
        )
        return {
            "round": self.round,
            "labels": bought,
            "ranking": ranked,
            "weights": self.loaded_weights,
        }

    # the steps of a round

    def _evaluate(self, trainer: Any, pl_module: Any) -> Evaluation:
        _share_buffers(trainer, pl_module)
        self.scorer.network.refresh()
        images = self.evaluation_images
        looks = self.scorer.looks(images, torch.arange(len(images)), "evaluating")
        batches = ((positions, look.logits) for positions, look in looks)
        evaluation = evaluate(
            batches,
            torch.from_numpy(truth_of(images)),
            len(self.data.dataset.classes),
            trainer.strategy.root_device,
        )
        if not np.isfinite(evaluation.loss):
            diverged = f"the network diverged in round {self.round}, its loss is {evaluation.loss}"
            raise UserError(f"{diverged}: lower model.optimizer.lr")
        self.accuracy = evaluation.accuracy
        return evaluation

    def _ask_or_stop(self, trainer: Any, round: int) -> Answers | None:
        bought, left = len(self.data.pool), self.data.pool.size - len(self.data.pool)
        self.reason = self.plan.reason_to_stop(round, bought, self.accuracy, left)
        if self.reason is not None:
            trainer.should_stop = True
            return None
        looks = PoolLooks(
            self.scorer, self.train_images, self.data.pool, self.draws, self.seed, round
        )
        return self.labelling.buy(self.plan.next_query(bought, left), round, looks)

    def _class_counts(self) -> dict[str, int]:
        classes = self.data.dataset.classes
        counts = np.bincount(self.data.pool.labels_of_round(self.round), minlength=len(classes))
        return dict(zip(classes, counts.tolist(), strict=True))

    def _preview(self, answers: Answers) -> Preview:
        indices, scores = answers.indices[:PREVIEWED], answers.scores
        predictions = self._look(indices).logits.argmax(dim=1).numpy()
        return Preview(
            indices,
            answers.labels[:PREVIEWED],
            predictions,
            None if scores is None else scores[:PREVIEWED],
        )

    def _diversity(self, answers: Answers | None, round: int) -> Diversity | None:
        """Of the query that ended `round`; the first process keeps it for all."""
        if answers is None or not self.processes.is_first:
            return None
        unlabelled = self.data.pool.unlabelled
        return query_diversity(
            lambda some: self._look(some).features, answers.indices, unlabelled, self.seed, round
        )

    def _look(self, indices: np.ndarray) -> Look:
        return self.scorer.look_at(self.train_images, torch.from_numpy(indices))

    def _listeners(self, trainer: Any) -> list[RoundListener]:
        listeners = [
            callback for callback in trainer.callbacks if isinstance(callback, RoundListener)
        ]
        return listeners if trainer.is_global_zero else []


def _share_buffers(trainer: Any, module: Any) -> None:
    """Gives all processes the batch-norm statistics of the first, which are those of its
    checkpoint.
    """
    if trainer.world_size > 1:
        for buffer in module.buffers():
            distributed.broadcast(buffer, 0)


def _tell_absent_classes(initial: dict[str, int]) -> None:
    absent = [visible(name) for name, count in initial.items() if not count]
    if absent:
        log.warning(
            "the %d initial labels are of %d of %d classes, none of %s: the network learns those "
            "from the queries only",
            *(
                sum(initial.values()),
                len(initial) - len(absent),
                len(initial),
                first_of(absent, NAMED),
            ),
        )
