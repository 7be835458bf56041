"""BatchBALD against the joint entropy over every combination of labels."""

from itertools import product

import numpy as np
import pytest
import scipy.stats
import torch
from strategy_pools import asked, normal, pool

from askwell.errors import UserError
from askwell.randomness import generator
from askwell.strategy.bald import Bald
from askwell.strategy.batch_bald import BatchBald, Labels, jointly_telling

SEEDS = range(5)


def drawn(images=12, draws=4, classes=3, seed=0):
    return 2 * normal(images, draws, classes, seed=seed, dtype=torch.float64)


def joint_information(probs):
    """`I(y_1 … y_n; draw)` of probs [n, K, C], over all Cⁿ combinations."""
    images, draws, classes = probs.shape
    joint = np.array(
        [
            [np.prod([probs[i, k, label] for i, label in enumerate(labels)]) for k in range(draws)]
            for labels in product(range(classes), repeat=images)
        ]
    )
    each = scipy.stats.entropy(probs, axis=2).mean(axis=1).sum()
    return scipy.stats.entropy(joint.mean(axis=1)) - each


def by_joint_entropy(probs, size):
    chosen: list[int] = []
    while len(chosen) < size:
        left = [row for row in range(len(probs)) if row not in chosen]
        chosen.append(max(left, key=lambda row: joint_information(probs[[*chosen, row]])))
    return chosen


@pytest.mark.parametrize("seed", SEEDS)
def test_it_chooses_what_the_joint_entropy_would(seed):
    logits = drawn(seed=seed)
    probs = logits.softmax(dim=2)
    strategy = BatchBald(draws=4)
    candidates = pool(normal(12, 2), logits.mean(dim=1), drawn=logits)
    assert asked(strategy, candidates, 4) == by_joint_entropy(probs.numpy(), 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_configurations_estimate_what_all_of_them_would_say(seed):
    probs = drawn(images=14, seed=seed).softmax(dim=2)
    every, some = (Labels(4, most, generator("labels", seed)) for most in (60_000, 40_000))
    for row in range(10):  # 3¹⁰ = 59,049 configurations
        every.add(probs[row])
        some.add(probs[row])
    assert (every.exact, some.exact) == (True, False)
    torch.testing.assert_close(
        some.information(probs[10:]), every.information(probs[10:]), atol=0.003, rtol=0.1
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_label_adds_is_what_it_adds_to_the_joint_entropy(seed):
    probs = drawn(seed=seed).softmax(dim=2)
    labels = Labels(4, 10_000, generator("labels"))
    for row in range(3):
        labels.add(probs[row])
    before = joint_information(probs[:3].numpy())
    gains = [joint_information(probs[[0, 1, 2, row]].numpy()) - before for row in range(3, 12)]
    np.testing.assert_allclose(labels.information(probs[3:]), gains, atol=1e-12)


def test_the_first_is_the_first_of_bald():
    candidates = pool(normal(60, 3), normal(60, 4))
    assert asked(BatchBald(), candidates, 5)[0] == asked(Bald(), candidates, 1)[0]


def test_an_image_that_tells_the_same_draws_apart_is_asked_for_later():
    """BALD would ask for all copies of the first, since each alone says most."""
    halves, thirds = torch.tensor([9.0, 9, -9, -9]), torch.tensor([4.0, -4, 4, -4])
    logits = torch.stack([torch.stack([half, -half], dim=1) for half in [halves] * 5 + [thirds]])
    candidates = pool(normal(6, 2), logits.mean(dim=1), drawn=logits)
    assert asked(Bald(4), candidates, 5) == [0, 1, 2, 3, 4]
    assert asked(BatchBald(4), candidates, 2) == [0, 5]


def test_draws_that_agree_make_no_difference_between_images():
    agreed = normal(30, 1, 4).expand(-1, 5, -1)
    candidates = pool(normal(30, 2), agreed[:, 0], drawn=agreed)
    assert asked(BatchBald(5), candidates, 6) == list(range(6))


def test_only_the_preselected_are_asked_for():
    candidates = pool(normal(60, 3), normal(60, 4))
    best = asked(Bald(), candidates, 12)
    assert set(asked(BatchBald(preselected=12), candidates, 6)) <= set(best)
    assert set(asked(BatchBald(preselected=3), candidates, 12)) == set(best)


def test_a_hundred_images_lead_to_numbers_that_are_finite():
    probs = (20 * normal(120, 4, 5)).softmax(dim=2)
    chosen = jointly_telling(probs, 100, 200, generator("query"))
    assert len(chosen.unique()) == 100


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"draws": 1}, "one draw cannot disagree with itself"),
        ({"preselected": 0}, r"strategy\.preselected=0: expected at least 1"),
        ({"draws": 9, "configurations": 8}, r"strategy\.configurations=8: expected at least 9"),
    ],
)
def test_a_setting_without_a_meaning_is_refused(setting, words):
    with pytest.raises(UserError, match=words):
        BatchBald(**setting)
