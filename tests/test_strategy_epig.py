"""EPIG against scipy's entropies, one pair of images at a time."""

import numpy as np
import pytest
import scipy.stats
import torch
from strategy_pools import asked, normal, pool

from askwell.errors import UserError
from askwell.strategy.epig import Epig, information


def probabilities(images, draws=6, classes=4, seed=0):
    return (2 * normal(images, draws, classes, seed=seed, dtype=torch.float64)).softmax(dim=2)


def of_a_pair(image, target):
    """By the table of both labels, [K, C] each."""
    table = np.einsum("kc,kd->cd", image, target) / len(image)
    entropy = scipy.stats.entropy
    return entropy(table.sum(axis=1)) + entropy(table.sum(axis=0)) - entropy(table.ravel())


def by_pairs(images, targets):
    return [np.mean([of_a_pair(image, target) for target in targets]) for image in images]


def test_it_is_the_mean_mutual_information_of_two_labels():
    images, targets = probabilities(30), probabilities(20, seed=1)
    np.testing.assert_allclose(
        information(images, targets), by_pairs(images.numpy(), targets.numpy()), atol=1e-12
    )


def test_it_asks_for_the_highest_over_the_whole_pool():
    drawn = 2 * normal(30, 20, 4)
    probs = drawn.double().softmax(dim=2).numpy()
    expected = np.argsort(-np.array(by_pairs(probs, probs)))[:6]
    candidates = pool(normal(30, 2), drawn.mean(dim=1), drawn=drawn)
    assert asked(Epig(), candidates, 6) == expected.tolist()


def test_draws_that_agree_say_nothing():
    agreed = probabilities(30)[:, :1].expand(-1, 6, -1)
    assert information(agreed, probabilities(5)).max() == pytest.approx(0, abs=1e-12)
    assert information(agreed, agreed).min() >= 0


def test_sure_draws_that_all_differ_say_everything():
    one = torch.eye(3).unsqueeze(0)
    assert information(one, one).item() == pytest.approx(np.log(3))


def test_an_image_that_bears_on_no_other_is_not_asked_for_though_bald_would():
    """Draws halve twice over: the first image alone differs one way, all others the other way."""
    alone, many = torch.tensor([9.0, -9, 9, -9]), torch.tensor([1.0, 1, -1, -1])
    drawn = torch.stack([torch.stack([way, -way], dim=1) for way in [alone] + [many] * 19])
    disagreement = scipy.stats.entropy(drawn.softmax(2).mean(1), axis=1) - scipy.stats.entropy(
        drawn.softmax(2), axis=2
    ).mean(axis=1)
    assert disagreement.argmax() == 0
    assert 0 not in asked(Epig(draws=4), pool(normal(20, 2), drawn.mean(1), drawn=drawn), 19)


def test_targets_are_a_random_part_of_the_pool():
    candidates = pool(normal(60, 2), normal(60, 4))
    answers = {tuple(asked(Epig(5, targets=3), candidates, 8, seed)) for seed in range(5)}
    assert len(answers) > 1


def test_the_number_of_images_at_a_time_does_not_matter():
    images, targets = probabilities(300, classes=9), probabilities(40, classes=9, seed=1)
    singly = torch.cat([information(image, targets) for image in images.split(1)])
    torch.testing.assert_close(information(images, targets), singly, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"draws": 1}, "with one draw no label says anything about another"),
        ({"targets": 0}, r"strategy\.targets=0: expected at least 1"),
    ],
)
def test_a_setting_without_a_meaning_is_refused(setting, words):
    with pytest.raises(UserError, match=words):
        Epig(**setting)
