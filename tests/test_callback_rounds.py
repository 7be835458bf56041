"""The loop from round to round: what starts over, what is told, and what is refused."""

from typing import Any

import numpy as np
import pytest
import torch
from experiment import Experiment, equal

from askwell.batches.sampler import LabelledBatches
from askwell.errors import UserError
from askwell.loop import rounds as rounds_module
from askwell.pool import Pool
from askwell.randomness import key
from askwell.scoring.evaluation import Evaluation

RETRAIN = ("protocol=retrain", "protocol.epochs_per_round=2")


def test_a_round_of_retraining_is_a_plain_training_loop_from_the_initial_weights(composed):
    run, fresh = Experiment(composed(*RETRAIN)).fit(), Experiment(composed(*RETRAIN))
    train_plainly(fresh, {4: run.data.pool, 5: run.data.pool})
    assert equal(fresh.weights, run.weights)


def test_the_paper_is_one_plain_training_loop_on_growing_labels(composed):
    run, fresh = (
        Experiment(composed("protocol=paper")).fit(),
        Experiment(composed("protocol=paper")),
    )
    train_plainly(fresh, {round: bought_until(round, run.data.pool) for round in range(3)})
    assert equal(fresh.weights, run.weights)


@pytest.mark.parametrize(("protocol", "steps"), [("paper", 1 + 2 + 3), ("retrain", 3)])
def test_the_optimizer_starts_over_only_in_retraining(composed, protocol, steps):
    run = Experiment(composed(f"protocol={protocol}", "protocol.epochs_per_round=1")).fit()
    state = run.trainer.optimizers[0].state
    assert {int(weight["step"]) for weight in state.values()} == {steps}


def test_a_round_says_how_many_of_each_class_its_query_held(composed):
    run = Experiment(composed()).fit()
    counts = [list(result.query_class_counts.values()) for result in run.seen.results]
    truth = run.data.dataset.train.truth
    assert counts == [np.bincount(truth[query], minlength=3).tolist() for query in run.queries]


def test_the_last_round_previews_no_query(composed):
    run = Experiment(composed()).fit()
    assert [result.preview is None for result in run.seen.results] == [False, False, True]


def test_listeners_hear_of_the_labels_that_each_query_bought(composed):
    run = Experiment(composed()).fit()
    heard = [(round, preview.indices.tolist()) for round, preview in run.seen.bought]
    assert heard == [(round, run.queries[round]) for round in (1, 2)]


def test_a_round_says_what_the_pool_held_while_it_trained(composed):
    run = Experiment(composed()).fit()
    assert [result.pool_size for result in run.seen.results] == [42, 36, 30]


def test_the_parts_of_a_round_take_some_time(composed):
    result = Experiment(composed("rounds=2")).fit().seen.results[0]
    assert min(result.train_seconds, result.score_seconds, result.eval_seconds) > 0


def test_a_class_that_was_learned_and_is_not_recognised_any_more_is_lost():
    assert list(lost_classes([0.9, 0.4], [0.0, 0.0])) == [(), ("oak",)]


def test_a_class_stays_lost_until_it_is_recognised_again():
    assert list(lost_classes([0.5, 1.0], [0.0, 1.0], [0.0, 1.0], [0.1, 1.0])) == [
        (),
        ("oak",),
        ("oak",),
        (),
    ]


def test_a_class_that_was_never_learned_is_not_lost():
    assert list(lost_classes([0.49, 1.0], [0.0, 1.0])) == [(), ()]


def test_a_network_that_diverges_buys_nothing_and_ends_in_a_word_on_the_cause(composed):
    run = Experiment(composed("model.optimizer.lr=1e38"))
    with pytest.raises(
        UserError, match=r"diverged in round 0, its loss is nan: lower model\.optimizer\.lr"
    ):
        run.fit()
    assert len(run.data.pool) == 6


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


def train_plainly(run: Experiment, pools: dict[int, Pool]) -> None:
    """Trains the network of `run` for some epochs, each on its pool, as Lightning and the callback
    are to do it.
    """
    model, train = run.model, run.data.dataset.train
    model.standardise.fit(run.data.dataset.mean, run.data.dataset.std)
    optimizer = model.configure_optimizers()
    for epoch, pool in pools.items():
        torch.manual_seed(key("epoch", run.data.seed, epoch, 0))
        for indices in LabelledBatches(
            pool, run.data.train_batch_size, run.data.seed, epoch=lambda epoch=epoch: epoch
        ):
            optimizer.zero_grad()
            logits, labels = (
                model(train.fetch(np.array(indices))),
                pool.labels(indices),
            )
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
    """What a run calls lost after each of `rounds`, in which this share of the oaks and the pines
    is recognised.
    """
    learned: list[str] = []
    for shares in rounds:
        hits = np.round(np.array(shares) * 100).astype(int)
        confusion = np.array([[hits[0], 100 - hits[0]], [100 - hits[1], hits[1]]])
        evaluation = Evaluation(0.5, 0.5, confusion)
        learned = rounds_module.learned_classes(learned, evaluation, ("oak", "pine"))
        yield rounds_module.lost_classes(learned, evaluation, ("oak", "pine"))


def test_what_was_learned_before_is_left_as_it_was():
    before = ["oak"]
    after = rounds_module.learned_classes(
        before, Evaluation(1.0, 0.5, np.diag([10, 10])), ("oak", "pine")
    )
    assert (before, after) == (["oak"], ["oak", "pine"])


def test_every_query_has_a_diversity_and_the_initial_set_none(composed):
    run = Experiment(composed()).fit()
    diversities = [result.query_diversity for result in run.seen.results]
    assert [found is None for found in diversities] == [True, False, False]
    assert all(found.distance > 0 and 0 <= found.near_duplicates <= 1 for found in diversities[1:])


def test_what_was_bought_of_each_class_is_told_also_where_the_initial_set_lacks_one(composed):
    run = Experiment(composed("initial_size=3", "query_size=16")).fit()
    truth, classes = run.data.dataset.train.truth, run.data.dataset.classes
    for result, queried in zip(run.seen.results, run.queries, strict=True):
        assert (
            list(result.query_class_counts.values())
            == np.bincount(truth[queried], minlength=len(classes)).tolist()
        )
    assert 0 in run.seen.results[0].query_class_counts.values()
    assert all(np.isfinite(result.evaluation.loss) for result in run.seen.results)


def test_classes_that_the_initial_set_lacks_are_named_once(composed, caplog):
    run = Experiment(composed("initial_size=3", "query_size=16")).fit()
    counts = run.seen.results[0].query_class_counts
    (told,) = [
        record.getMessage() for record in caplog.records if record.name == "askwell.loop.learner"
    ]
    absent = ", ".join(name for name, count in counts.items() if not count)
    assert told.startswith(
        f"the 3 initial labels are of {np.count_nonzero(list(counts.values()))} of 3 classes"
    )
    assert f"none of {absent}:" in told


def test_of_an_initial_set_with_every_class_nothing_is_said(composed, caplog):
    Experiment(composed("initial_size=40", "rounds=1")).fit()
    assert [record for record in caplog.records if record.name == "askwell.loop.learner"] == []
