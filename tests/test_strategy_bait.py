"""BAIT against the inverses themselves, and against the published form with two gradients each."""

import numpy as np
import pytest
import torch
from strategy_pools import asked, normal, pool

from askwell.errors import UserError
from askwell.strategy.bait import Bait, Trace, deviation, informative
from askwell.strategy.look import Look

LABELLED = [3, 20, 41, 55]


def outer(rows):
    return np.einsum("nd,ne->de", rows, rows)


def by_inverses(rows, labelled, size, ridge):
    """Each trace is taken of an inverse that is computed anew."""
    total = (outer(rows) + outer(labelled)) / (len(rows) + len(labelled))
    count = len(labelled) + size
    start = ridge * np.trace(total) / len(total) * np.eye(len(total)) + outer(labelled) / count

    def trace(chosen):
        return np.trace(np.linalg.inv(start + size / count * outer(rows[chosen])) @ total)

    chosen: list[int] = []
    while len(chosen) < min(2 * size, len(rows)):
        left = [row for row in range(len(rows)) if row not in chosen]
        chosen.append(min(left, key=lambda row: trace([*chosen, row])))
    while len(chosen) > size:
        chosen.remove(min(chosen, key=lambda row: trace([one for one in chosen if one != row])))
    return chosen


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("labelled", [0, 1, 30])
def test_it_chooses_what_inverses_would(seed, labelled):
    rows = normal(40, 5, seed=seed, dtype=torch.float64)
    known = normal(labelled, 5, seed=seed + 100, dtype=torch.float64)
    expected = by_inverses(rows.numpy(), known.numpy(), 7, 0.3)
    assert informative(rows, known, 7, 0.3).tolist() == expected


def test_a_row_stands_for_the_two_gradients_of_the_published_form():
    """There each image has √p̂(1 - p̂)x and √(1 - p̂)(-p̂)x: their outer products add up."""
    x, logits = normal(9, 4, dtype=torch.float64), normal(9, 3, dtype=torch.float64)
    top = logits.softmax(dim=1).amax(dim=1, keepdim=True)
    both = torch.stack([top.sqrt() * (1 - top) * x, (1 - top).sqrt() * -top * x])
    rows = deviation(Look(logits, x)).unsqueeze(1) * x
    torch.testing.assert_close(
        torch.einsum("knd,kne->nde", both, both), torch.einsum("nd,ne->nde", rows, rows)
    )


def test_labelled_images_are_information_that_is_there_already():
    features = torch.cat([10 * torch.eye(3), torch.eye(3)])
    even = pool(features, torch.zeros(6, 4), labelled=[0, 1])
    assert asked(Bait(), even, 1) == [2]


def test_a_sure_answer_teaches_nothing():
    features, logits = normal(40, 5), torch.zeros(40, 4)
    logits[:20, 0] = 100
    assert min(asked(Bait(), pool(features, logits), 15)) >= 20


def test_where_all_answers_are_sure_the_first_are_asked_for():
    sure = torch.tensor([1000.0, 0]).repeat(40, 1)
    assert asked(Bait(), pool(normal(40, 5), sure), 3) == [0, 1, 2]


def test_of_copies_the_first_is_asked_for():
    features, logits = normal(20, 30).repeat(2, 1), normal(20, 4).repeat(2, 1)
    assert max(asked(Bait(), pool(features, logits), 20)) < 20


def test_the_numbers_that_are_kept_do_not_drift():
    rows, target = normal(200, 6, dtype=torch.float64), torch.eye(6, dtype=torch.float64)
    trace = Trace(rows, 0.5, torch.eye(6, dtype=torch.float64), target)
    for row in range(150):
        trace.move(row)
    anew = Trace(rows, 0.5, trace.inverse, target)
    full = torch.linalg.inv(torch.eye(6) + 0.25 * rows[:150].T @ rows[:150])
    torch.testing.assert_close(trace.inverse, full)
    torch.testing.assert_close(trace.changes, anew.changes)


def test_without_a_ridge_the_information_has_no_inverse():
    with pytest.raises(UserError, match=r"strategy\.ridge=0: expected a number above 0"):
        Bait(ridge=0)
