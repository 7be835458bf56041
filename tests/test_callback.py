"""The loop: what is trained on, what is bought, when it ends, and what it refuses."""

from itertools import accumulate
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import POOL
from experiment import Experiment, equal
from pytorch_lightning import Callback

from askwell.callback import ActiveLearning
from askwell.candidates import Candidates, Query
from askwell.dataset.module import ActiveDataModule
from askwell.dataset.sampler import LabelledBatches
from askwell.errors import UserError
from askwell.keys import key
from askwell.pool import Pool
from askwell.rounds import Evaluation
from askwell.scoring import Scorer

RETRAIN = ("protocol=retrain", "protocol.epochs_per_round=2")


# what is trained on


@pytest.mark.parametrize("workers", [0, 2])
def test_every_epoch_trains_on_the_labels_of_its_round_each_once(composed, workers):
    run = Experiment(composed(f"datamodule.num_workers={workers}")).fit()
    assert [sorted(epoch) for epoch in run.seen.epochs] == [sorted(sum(run.queries[: r + 1], [])) for r in range(3)]


def test_every_epoch_of_a_round_trains_on_the_same_images(composed):
    run = Experiment(composed(*RETRAIN)).fit()
    assert [len(set(epoch)) for epoch in run.seen.epochs] == [6, 6, 12, 12, 18, 18]


def test_images_are_trained_on_with_the_labels_that_the_oracle_gave(composed):
    batches = []
    watch = Watch(on_train_batch_start=lambda trainer, module, batch, number: batches.append(batch))
    run = Experiment(composed("oracle=noisy", "oracle.rate=0.5"), watch).fit()
    bought = run.data.pool.labels(sum(run.seen.epochs, []))
    assert torch.cat([labels for _, labels in batches]).tolist() == bought.tolist()


def test_images_are_trained_on_with_their_own_pixels(composed):
    batches = []
    watch = Watch(on_train_batch_start=lambda trainer, module, batch, number: batches.append(batch))
    run = Experiment(composed(), watch).fit()
    trained_on = run.data.dataset.train.fetch(np.array(sum(run.seen.epochs, [])))
    assert torch.equal(torch.cat([pixels for pixels, _ in batches]), trained_on)


def test_lightning_asks_for_the_loader_and_starts_it_as_often_as_it_always_did(composed, monkeypatch):
    """A canary: in every epoch but the first the loader is asked for once and started twice, whatever Lightning says."""
    asked, started = counting(monkeypatch, ActiveDataModule, "train_dataloader"), counting(
        monkeypatch, LabelledBatches, "__iter__"
    )
    Experiment(composed()).fit()
    assert (len(asked), len(started)) == (3, 5)


# what is bought


def test_the_pool_and_the_labelled_images_are_the_training_set(composed):
    pool = Experiment(composed()).fit().data.pool
    assert sorted([*pool.labelled, *pool.unlabelled]) == list(range(POOL))


def test_nothing_is_asked_twice(composed):
    asked = sum(Experiment(composed("rounds=null", "query_size=7")).fit().queries, [])
    assert sorted(asked) == list(range(POOL))


def test_the_initial_set_may_have_its_own_size(composed):
    assert [len(query) for query in Experiment(composed("initial_size=10")).fit().queries] == [10, 6, 6]


def test_the_strategy_is_asked_for_what_it_wants_most(composed):
    run = Experiment(composed("rounds=2"))
    run.learning.strategy = lambda candidates, size, generator: Query(torch.arange(len(candidates)).flip(0)[:size])
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
    untold.data.dataset.train.labels[unlabelled] = 0
    assert untold.fit().queries == told.queries


def test_the_strategy_is_handed_no_labels(composed):
    handed: list[Candidates] = []
    run = Experiment(composed("rounds=2"))
    run.learning.strategy = lambda candidates, size, generator: handed.append(candidates) or Query(torch.arange(size))
    run.fit()
    assert [len(batch) for batch in next(handed[0].batches())] == [POOL - 6] * 2  # positions, probabilities


def test_an_image_without_a_finite_score_is_never_asked(composed):
    run = Experiment(composed("rounds=3"))
    run.learning.strategy = UncertainOnly(lambda positions: positions % 2 == 0)
    _, *queries = run.fit().queries
    assert [len(query) for query in queries] == [6, 6]


def test_a_query_without_any_finite_score_ends_in_a_word_on_the_cause(composed):
    run = Experiment(composed())
    run.learning.strategy = UncertainOnly(lambda positions: positions < 0)
    with pytest.raises(UserError, match=r"no score of round 0 is finite.*lower model\.optimizer\.lr"):
        run.fit()


# when it ends


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
    assert ([result.labels for result in run.seen.results], run.learning.reason) == (labels, reason)


def test_nothing_is_bought_that_no_round_trains_on(composed):
    run = Experiment(composed("rounds=3")).fit()
    assert len(run.data.pool) == run.seen.results[-1].labels


# what happens between rounds


def test_a_round_of_retraining_is_a_plain_training_loop_from_the_initial_weights(composed):
    run, fresh = Experiment(composed(*RETRAIN)).fit(), Experiment(composed(*RETRAIN))
    train_plainly(fresh, {4: run.data.pool, 5: run.data.pool})
    assert equal(fresh.weights, run.weights)


def test_the_paper_is_one_plain_training_loop_on_growing_labels(composed):
    run, fresh = Experiment(composed("protocol=paper")).fit(), Experiment(composed("protocol=paper"))
    train_plainly(fresh, {round: bought_until(round, run.data.pool) for round in range(3)})
    assert equal(fresh.weights, run.weights)


@pytest.mark.parametrize(("protocol", "steps"), [("paper", 1 + 2 + 3), ("retrain", 3)])
def test_the_optimizer_starts_over_only_in_retraining(composed, protocol, steps):
    run = Experiment(composed(f"protocol={protocol}", "protocol.epochs_per_round=1")).fit()
    state = run.trainer.optimizers[0].state
    assert {int(weight["step"]) for weight in state.values()} == {steps}


def test_the_network_trains_on_in_training_mode_after_it_was_measured(composed):
    modes = []
    watch = Watch(on_train_batch_start=lambda trainer, module, batch, number: modes.append(module.training))
    Experiment(composed(), watch).fit()
    assert all(modes)


# what a round tells


def test_a_round_says_how_many_of_each_class_its_query_held(composed):
    run = Experiment(composed()).fit()
    counts = [list(result.query_class_counts.values()) for result in run.seen.results]
    truth = run.data.dataset.train.labels
    assert counts == [np.bincount(truth[query], minlength=3).tolist() for query in run.queries]


def test_the_last_round_previews_no_query(composed):
    run = Experiment(composed()).fit()
    assert [result.preview is None for result in run.seen.results] == [False, False, True]


def test_a_round_says_what_the_pool_held_while_it_trained(composed):
    run = Experiment(composed()).fit()
    assert [result.pool_size for result in run.seen.results] == [42, 36, 30]


def test_the_parts_of_a_round_take_some_time(composed):
    result = Experiment(composed("rounds=2")).fit().seen.results[0]
    assert min(result.train_seconds, result.score_seconds, result.eval_seconds) > 0


def test_a_class_that_was_learned_and_is_not_recognised_any_more_is_lost():
    assert list(lost_classes([0.9, 0.4], [0.0, 0.0])) == [(), ("oak",)]


def test_a_class_stays_lost_until_it_is_recognised_again():
    assert list(lost_classes([0.5, 1.0], [0.0, 1.0], [0.0, 1.0], [0.1, 1.0])) == [(), ("oak",), ("oak",), ()]


def test_a_class_that_was_never_learned_is_not_lost():
    assert list(lost_classes([0.49, 1.0], [0.0, 1.0])) == [(), ()]


# what it refuses


def test_a_network_that_diverges_ends_in_a_word_on_the_cause(composed):
    with pytest.raises(UserError, match=r"diverged in round 0, its loss is nan: lower model\.optimizer\.lr"):
        Experiment(composed("model.optimizer.lr=1e38")).fit()


@pytest.mark.parametrize(
    ("flag", "word"),
    [
        ("+trainer.overfit_batches=2", "never labelled: remove it"),
        ("+trainer.max_steps=3", r"rounds=\.\.\. or budget"),
        ("trainer.reload_dataloaders_every_n_epochs=0", "must be 1"),
    ],
)
def test_flags_that_would_corrupt_the_study_are_refused(composed, flag, word):
    with pytest.raises(UserError, match=word):
        Experiment(composed(flag)).fit()


@pytest.mark.parametrize("setting", ["epochs_per_round", "rescore_every"])
def test_a_protocol_of_less_than_one_is_refused(composed, setting):
    with pytest.raises(Exception, match=rf"protocol\.{setting}=0: expected at least 1"):
        Experiment(composed(f"protocol.{setting}=0"))


class Watch(Callback):
    """One hook."""

    def __init__(self, on_train_batch_start: Any) -> None:
        self.on_train_batch_start = on_train_batch_start  # type: ignore[method-assign]


class UncertainOnly:
    """Scores by position, and only some of them; to the others it gives NaN and infinity in turn."""

    def __init__(self, finite: Any) -> None:
        self.finite = finite

    def __call__(self, candidates: Candidates, size: int, generator: torch.Generator) -> Query:
        query = candidates.top(self.score, size)
        assert all(self.finite(query.positions))
        return query

    def score(self, probs: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(len(probs))
        bad = torch.where(positions % 3 == 0, torch.nan, torch.inf)
        return torch.where(self.finite(positions), positions.float(), bad)


def counting(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> list[None]:
    """A list that grows by one with every call of `method`."""
    calls: list[None] = []
    original = getattr(owner, method)
    monkeypatch.setattr(owner, method, lambda self: calls.append(None) or original(self))
    return calls


def train_plainly(run: Experiment, pools: dict[int, Pool]) -> None:
    """Trains the network of `run` for some epochs, each on its pool, as Lightning and the callback are to do it."""
    model, train = run.model, run.data.dataset.train
    model.standardise.fit(run.data.dataset.mean, run.data.dataset.std)
    optimizer = model.configure_optimizers()
    for epoch, pool in pools.items():
        torch.manual_seed(key("epoch", run.data.seed, epoch, 0))
        for indices in LabelledBatches(pool, run.data.train_batch_size, run.data.seed, epoch=lambda epoch=epoch: epoch):
            optimizer.zero_grad()
            logits, labels = model(train.fetch(np.array(indices))), torch.tensor(pool.labels(indices))
            torch.nn.functional.cross_entropy(logits, labels).backward()
            optimizer.step()


def bought_until(round: int, pool: Pool) -> Pool:
    """The pool as it stood while `round` trained."""
    earlier = Pool(pool.size)
    for index, bought in pool.purchases.items():
        if bought.round <= round:
            earlier.label([index], [bought.label], bought.round)
    return earlier


def lost_classes(*rounds: list[float]) -> Any:
    """What a run calls lost after each of `rounds`, in which this share of the oaks and the pines is recognised."""
    learning = ActiveLearning(strategy=None, oracle=None, seed=0)  # type: ignore[arg-type]
    learning.data = SimpleNamespace(dataset=SimpleNamespace(classes=("oak", "pine")))  # type: ignore[assignment]
    for shares in rounds:
        hits = np.round(np.array(shares) * 100).astype(int)
        yield learning._lost_classes(Evaluation(0.5, 0.5, np.array([[hits[0], 100 - hits[0]], [100 - hits[1], hits[1]]])))
