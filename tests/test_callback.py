"""The loop: what is trained on, what is bought, and when it ends."""

import math
import time
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from conftest import POOL
from experiment import Experiment
from pytorch_lightning import Callback

from askwell.batches import loading
from askwell.batches.datamodule import ActiveDataModule
from askwell.batches.sampler import LabelledBatches
from askwell.errors import UserError
from askwell.strategy.candidates import Candidates, Query
from askwell.strategy.ranking import running_best

RETRAIN = ("protocol=retrain", "protocol.epochs_per_round=2")


@pytest.mark.parametrize("workers", [0, 2])
def test_every_epoch_trains_on_the_labels_of_its_round_each_once(composed, workers):
    run = Experiment(composed(f"datamodule.num_workers={workers}")).fit()
    assert [sorted(epoch) for epoch in run.seen.epochs] == [
        sorted(chain(*run.queries[: r + 1])) for r in range(3)
    ]


@pytest.mark.slow
def test_a_worker_that_hangs_ends_the_run(composed, monkeypatch):
    monkeypatch.setattr(loading, "HANGS", 1)
    run = Experiment(composed("datamodule.num_workers=2"))
    monkeypatch.setattr(loading.Fetched, "__getitems__", lambda images, indices: time.sleep(60))
    with pytest.raises(RuntimeError, match="timed out after 1 seconds"):
        run.fit()


def test_every_epoch_of_a_round_trains_on_the_same_images(composed):
    run = Experiment(composed(*RETRAIN)).fit()
    assert [len(set(epoch)) for epoch in run.seen.epochs] == [6, 6, 12, 12, 18, 18]


def test_images_are_trained_on_with_the_labels_that_the_oracle_gave(composed):
    batches = []
    watch = Watch(on_train_batch_start=lambda trainer, module, batch, number: batches.append(batch))
    run = Experiment(composed("oracle=noisy", "oracle.rate=0.5"), watch).fit()
    bought = run.data.pool.labels(list(chain(*run.seen.epochs)))
    assert torch.cat([labels for _, labels in batches]).tolist() == bought.tolist()


def test_images_are_trained_on_with_their_own_pixels(composed):
    batches = []
    watch = Watch(on_train_batch_start=lambda trainer, module, batch, number: batches.append(batch))
    run = Experiment(composed(), watch).fit()
    trained_on = run.data.dataset.train.fetch(np.array(list(chain(*run.seen.epochs))))
    assert torch.equal(torch.cat([pixels for pixels, _ in batches]), trained_on)


@pytest.mark.parametrize("reset", ["false", "true"])
def test_a_learning_rate_with_a_schedule_falls_within_each_round(composed, reset):
    rates = []
    watch = Watch(
        on_train_batch_start=lambda trainer, *_: rates.append(
            trainer.optimizers[0].param_groups[0]["lr"]
        )
    )
    cosine = "model=cnn_cosine", "protocol.epochs_per_round=4", f"protocol.reset={reset}"
    Experiment(composed(*cosine, "datamodule.train_batch_size=64"), watch).fit()
    assert rates == pytest.approx(
        3 * [1e-3 * (1 + math.cos(math.pi * epoch / 4)) for epoch in range(4)]
    )


def test_lightning_asks_for_the_loader_and_starts_it_as_often_as_it_always_did(
    composed, monkeypatch
):
    """A canary: once and once in the first epoch, once and twice in every other."""
    asked, started = (
        counting(monkeypatch, ActiveDataModule, "train_dataloader"),
        counting(monkeypatch, LabelledBatches, "__iter__"),
    )
    Experiment(composed()).fit()
    assert (len(asked), len(started)) == (3, 5)


def test_the_pool_and_the_labelled_images_are_the_training_set(composed):
    pool = Experiment(composed()).fit().data.pool
    assert sorted([*pool.labelled, *pool.unlabelled]) == list(range(POOL))


def test_nothing_is_asked_twice(composed):
    asked = Experiment(composed("rounds=null", "query_size=7")).fit().queries
    assert sorted(chain(*asked)) == list(range(POOL))


def test_the_initial_set_may_have_its_own_size(composed):
    assert [len(query) for query in Experiment(composed("initial_size=10")).fit().queries] == [
        10,
        6,
        6,
    ]


def test_the_strategy_is_asked_for_what_it_wants_most(composed):
    run = Experiment(composed("rounds=2"))
    run.learner.labelling.strategy = lambda candidates, size, generator: Query(
        torch.arange(len(candidates)).flip(0)[:size]
    )
    first, second = run.fit().queries
    assert second == sorted(set(range(POOL)) - set(first), reverse=True)[:6]


def test_random_sampling_never_runs_the_network_on_the_pool(composed):
    assert Experiment(composed("strategy=random")).fit().seen.scored == []


@pytest.mark.parametrize(("every", "scored"), [(1, [0, 1, 2, 3]), (2, [0, 2]), (3, [0, 3])])
def test_the_pool_is_scored_in_every_mth_round(composed, every, scored):
    run = Experiment(composed("rounds=5", f"protocol.rescore_every={every}")).fit()
    assert run.seen.scored == scored


def test_rounds_between_two_scorings_ask_for_what_ranked_next(composed):
    once = Experiment(composed("rounds=2", "query_size=12", "initial_size=6")).fit()
    twice = Experiment(composed("rounds=3", "protocol.rescore_every=2")).fit()
    assert once.queries[1] == twice.queries[1] + twice.queries[2]


def test_what_is_asked_first_does_not_hang_on_the_labels_of_the_pool(composed):
    told, untold = Experiment(composed("rounds=2")).fit(), Experiment(composed("rounds=2"))
    unlabelled = np.setdiff1d(np.arange(POOL), told.queries[0])
    untold.data.dataset.train.truth[unlabelled] = 0
    assert untold.fit().queries == told.queries


def test_the_strategy_is_handed_no_labels(composed):
    handed: list[Candidates] = []
    run = Experiment(composed("rounds=2"))
    run.learner.labelling.strategy = lambda candidates, size, generator: (
        handed.append(candidates) or Query(torch.arange(size))
    )
    run.fit()
    assert handed[0].labelled.tolist() == sorted(run.queries[0])
    positions, look = next(handed[0].looks())
    assert [len(part) for part in (positions, *look)] == [
        POOL - 6
    ] * 3  # and their logits and features


def test_an_image_without_a_finite_score_is_never_asked(composed):
    run = Experiment(composed("rounds=3"))
    run.learner.labelling.strategy = UncertainOnly(lambda positions: positions % 2 == 0)
    initial, first, second = run.fit().queries
    left = np.setdiff1d(np.arange(POOL), initial)
    assert first == left[::2][-6:][::-1].tolist()  # the highest even positions
    left = np.setdiff1d(left, first)
    assert second == left[::2][-6:][::-1].tolist()


def test_a_query_without_any_finite_score_ends_in_a_word_on_the_cause(composed):
    run = Experiment(composed())
    run.learner.labelling.strategy = UncertainOnly(lambda positions: positions < 0)
    with pytest.raises(
        UserError, match=r"no score of round 0 is finite.*lower model\.optimizer\.lr"
    ):
        run.fit()


@pytest.mark.parametrize(
    ("limits", "labels", "reason"),
    [
        (["rounds=4"], [6, 12, 18, 24], "rounds"),
        (["rounds=1"], [6], "rounds"),
        (["rounds=null", "budget=15"], [6, 12, 15], "budget"),
        (["rounds=null", "budget=6"], [6], "budget"),
        (["rounds=null", "budget=0.25"], [6, 12], "budget"),
        (["rounds=2", "budget=18"], [6, 12], "rounds"),
        (["target_accuracy=0.001"], [6], "target_accuracy"),
        (["rounds=null", "query_size=20"], [20, 40, 48], "pool exhausted"),
        (["rounds=null", "query_size=0.5"], [24, 48], "pool exhausted"),
    ],
)
def test_a_run_ends_by_its_limit_and_says_which(composed, limits, labels, reason):
    run = Experiment(composed(*limits)).fit()
    assert ([result.labels for result in run.seen.results], run.learner.reason) == (labels, reason)


def test_nothing_is_bought_that_no_round_trains_on(composed):
    run = Experiment(composed("rounds=3")).fit()
    assert len(run.data.pool) == run.seen.results[-1].labels


def test_the_network_trains_on_in_training_mode_after_it_was_measured(composed):
    modes = []
    watch = Watch(
        on_train_batch_start=lambda trainer, module, batch, number: modes.append(module.training)
    )
    Experiment(composed(), watch).fit()
    assert modes == [True] * 6  # batches of 8 from 6, 12 and 18 labels


class Watch(Callback):
    """One hook."""

    def __init__(self, on_train_batch_start: Any) -> None:
        self.on_train_batch_start = on_train_batch_start  # type: ignore[method-assign]


class UncertainOnly:
    """Scores some candidates by their position; the others get NaN and infinity in turn."""

    def __init__(self, finite: Any) -> None:
        self.finite = finite

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        scores = ((positions, self.score(positions)) for positions, _ in candidates.looks())
        return Query(*running_best(scores, size))

    def score(self, positions: torch.Tensor) -> torch.Tensor:
        bad = torch.where(positions % 3 == 0, torch.nan, torch.inf)
        return torch.where(self.finite(positions), positions.float(), bad)


def counting(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> list[None]:
    """A list that grows by one with every call of `method`."""
    calls: list[None] = []
    original = getattr(owner, method)
    monkeypatch.setattr(owner, method, lambda self: calls.append(None) or original(self))
    return calls
