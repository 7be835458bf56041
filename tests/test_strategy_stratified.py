"""Stratified queries on rankings in which the predicted classes are known."""

from collections import Counter

import pytest
import torch
from strategy_pools import asked, normal, pool
from test_strategy import load

from askwell.errors import UserError
from askwell.strategy import RandomSampling
from askwell.strategy.stratified import Stratified, shared

TAIL = torch.tensor([0] * 50 + [1] * 8 + [2] * 2)
LOGITS = 3 * torch.eye(3)[TAIL] + normal(60, 3).abs() * 0.1


def by_turns(classes, size, equally):
    """Takes from the front of one queue per class."""
    queues = {
        label: [place for place, own in enumerate(classes) if own == label] for label in classes
    }
    chosen: list[int] = []
    while len(chosen) < min(equally, len(classes)):
        turn = sorted(queue.pop(0) for queue in queues.values() if queue)
        chosen += turn[: equally - len(chosen)]
    left = [place for place in range(len(classes)) if place not in chosen]
    return chosen + left[: size - len(chosen)]


@pytest.mark.parametrize("equally", [0, 1, 5, 12, 20])
@pytest.mark.parametrize("seed", range(4))
def test_classes_take_turns_then_the_ranking_does(seed, equally):
    classes = (normal(60, seed=seed) * 2).round().long()
    assert shared(classes, 20, equally).tolist() == by_turns(classes.tolist(), 20, equally)


def test_rare_classes_have_their_share():
    answer = asked(Stratified(load("sm")), pool(normal(60, 2), LOGITS), 18)
    predicted = Counter(TAIL[answer].tolist())
    assert (predicted[2], predicted[1] >= 5) == (2, True)  # of 12 shared equally, 4 each


def test_with_no_share_it_is_the_strategy_itself():
    candidates = pool(normal(60, 2), normal(60, 4))
    assert asked(Stratified(load("entropy"), 0), candidates, 9) == asked(
        load("entropy"), candidates, 9
    )


def test_with_the_whole_share_classes_differ_by_one():
    logits = normal(400, 4)
    answer = asked(Stratified(load("sm"), 1), pool(normal(400, 2), logits), 22)
    counts = Counter(logits[answer].argmax(dim=1).tolist())
    assert sorted(counts.values()) == [5, 5, 6, 6]


def test_a_random_order_will_do():
    answers = {
        tuple(asked(Stratified(RandomSampling()), pool(normal(60, 2), LOGITS), 6, seed))
        for seed in range(5)
    }
    assert len(answers) == 5
    assert all(set(TAIL[list(answer)].tolist()) == {0, 1, 2} for answer in answers)


def test_the_scores_are_those_of_the_strategy():
    candidates = pool(normal(60, 2), LOGITS)
    query = load("stratified")(candidates, 9, torch.Generator())
    two = LOGITS[query.positions].softmax(dim=1).topk(2).values
    torch.testing.assert_close(query.scores, two[:, 1] - two[:, 0])


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_a_part(share):
    with pytest.raises(UserError, match=rf"strategy\.share={share}: expected from 0 to 1"):
        Stratified(RandomSampling(), share)
