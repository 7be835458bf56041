"""Equal seed, equal run; and what all strategies of a seed have in common."""

import pytest
import torch
from experiment import Experiment, equal, record_of

pytestmark = pytest.mark.slow

STRATEGIES = ("random", "lc", "entropy", "sm", "lm")


@pytest.fixture
def outcome(program, tmp_path):
    """Runs the program and tells what it left, but for the seconds."""

    def run(name, *arguments):
        program(f"name={name}", *arguments)
        return record_of(tmp_path / "outputs" / name)

    return run


def test_equal_seeds_give_equal_runs(outcome):
    assert outcome("one", "seed=3") == outcome("two", "seed=3")


def test_another_seed_gives_another_run(outcome):
    assert outcome("one", "seed=3") != outcome("two", "seed=4")


@pytest.mark.parametrize("other", ["datamodule.num_workers=2", "dataset.store=none"])
def test_what_only_changes_the_speed_changes_no_result(outcome, other):
    assert outcome("one") == outcome("two", other)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["paper", "retrain"])
def test_augmented_runs_of_a_seed_are_equal_for_any_number_of_workers(outcome, protocol):
    shift = ["datamodule.augmentation={_target_:askwell.batches.augmentation.ShiftAndFlip}"]
    shift += [f"protocol={protocol}", "protocol.epochs_per_round=2"]
    assert outcome("one", *shift) == outcome("two", *shift, "datamodule.num_workers=2")


def test_a_run_does_not_hang_on_what_ran_before_in_its_process(outcome):
    alone = outcome("one", "strategy=sm")
    outcome("between", "strategy=random", "seed=7")
    torch.rand(100)
    assert outcome("two", "strategy=sm") == alone


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_all_strategies_of_a_seed_begin_with_the_same_labels(composed, strategy):
    first = Experiment(composed("rounds=1", "strategy=lc")).fit().queries
    assert Experiment(composed("rounds=1", f"strategy={strategy}")).fit().queries == first


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_all_strategies_of_a_seed_begin_with_the_same_weights(composed, strategy):
    assert equal(
        Experiment(composed(f"strategy={strategy}")).weights,
        Experiment(composed("strategy=lc")).weights,
    )


def test_another_seed_begins_with_other_labels(composed):
    zero, one = (Experiment(composed("rounds=1", f"seed={seed}")).fit().queries for seed in (0, 1))
    assert zero != one


def test_another_seed_begins_with_other_weights(composed):
    assert not equal(Experiment(composed("seed=0")).weights, Experiment(composed("seed=1")).weights)


def test_strategies_of_a_seed_ask_for_different_images(composed):
    random, sure = (
        Experiment(composed("rounds=2", f"strategy={name}")).fit().queries[1]
        for name in ("random", "lc")
    )
    assert random != sure
