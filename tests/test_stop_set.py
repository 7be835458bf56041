"""What a run shows without a test set: a fixed sample, its uncertainty, and how far it agrees."""

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import cohen_kappa_score

from askwell.loop.stop_set import SIZE, kappa, steadiness, stop_set
from askwell.pool import Pool


def test_kappa_is_that_of_scikit_learn():
    first, second = (
        torch.tensor(np.random.default_rng(seed).integers(0, 4, 90)) for seed in (1, 2)
    )
    second[:60] = first[:60]
    assert kappa(first, second, 4) == pytest.approx(cohen_kappa_score(first, second))
    assert kappa(first, first, 4) == 1


def test_equal_predictions_of_one_class_agree():
    zeros = torch.zeros(5, dtype=torch.int64)
    assert kappa(zeros, zeros, 3) == 1


def test_uncertainty_is_that_of_images_without_a_label():
    logits = torch.tensor([[0.0, 0.0, 0.0], [100.0, 0.0, 0.0]])
    found = [
        steadiness(logits, torch.tensor(unlabelled), [None, None]).uncertainty
        for unlabelled in ([True, True], [True, False], [False, True], [False, False])
    ]
    assert found == [pytest.approx(0.5), pytest.approx(1), pytest.approx(0), None]


def test_images_that_came_since_the_last_round_do_not_count_as_changed():
    logits = torch.eye(4)
    found = steadiness(logits, torch.ones(4, dtype=torch.bool), [0, 1, 0, None])
    assert found.agreement == pytest.approx(2 / 3)


def test_the_sample_is_fixed_and_leaves_out_what_is_never_asked():
    pool = Pool(5000, held=range(100), broken=range(100, 200))
    sample = stop_set(pool, seed=1)
    pool.label([int(sample[0])], [0], round=0)
    assert torch.equal(sample, stop_set(pool, seed=1))
    assert (len(sample), len(sample.unique()), sample.min() >= 200) == (SIZE, SIZE, True)
    assert not torch.equal(sample, stop_set(pool, seed=2))


def test_a_pool_that_grows_keeps_most_of_the_sample():
    before, after = (stop_set(Pool(size), seed=0) for size in (5000, 5500))
    assert torch.isin(before, after).double().mean() > 0.85


def test_each_round_records_it_and_a_resume_does_not_change_that(program, tmp_path):
    for name, parts in (("whole", [4]), ("halves", [2, 4])):
        for rounds in parts:
            program(f"name={name}", f"rounds={rounds}", f"resume={str(rounds == 4).lower()}")
    whole, halves = (
        [
            json.loads(line)["steadiness"]
            for line in (tmp_path / "outputs" / name / "rounds.jsonl").read_text().splitlines()
        ]
        for name in ("whole", "halves")
    )
    assert whole == halves
    assert [round["kappa"] is None for round in whole] == [True, False, False, False]
