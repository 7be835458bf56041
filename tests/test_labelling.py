"""Buying labels: what is chosen, what is answered, and what the processes of a run must agree
on.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from askwell.errors import UserError
from askwell.loop.labelling import Labelling
from askwell.pool import Pool
from askwell.strategy.candidates import Query

TRUTH = np.arange(20) % 3


def truth(indices):
    return TRUTH[indices]


def last(candidates, size, generator):
    """The last images, the very last first, with the indices as scores."""
    positions = torch.arange(len(candidates)).flip(0)[:size]
    return Query(positions, candidates.indices[positions].float())


def unread(indices):
    raise AssertionError("the network ran")


def labelling(strategy=last, oracle=truth, bought=(), **settings):
    pool = Pool(len(TRUTH))
    pool.label(bought, TRUTH[list(bought)], round=0)
    return Labelling(strategy, oracle, pool, seed=0, **settings)


def answers(*positions):
    """A strategy with one answer."""
    return lambda candidates, size, generator: Query(torch.tensor(positions))


def test_positions_among_the_candidates_become_indices():
    assert labelling(bought=(19, 0, 4)).buy(3, 0, unread).indices.tolist() == [18, 17, 16]


def test_the_oracle_answers_for_the_chosen_images():
    assert labelling().buy(3, 0, unread).labels.tolist() == TRUTH[[19, 18, 17]].tolist()


def test_what_was_bought_is_in_the_pool_for_the_next_round():
    shop = labelling()
    shop.buy(2, 4, unread)
    assert shop.pool.purchases == {19: (1, 5, 19.0), 18: (0, 5, 18.0)}


def test_a_strategy_without_scores_leaves_none():
    assert labelling(answers(3, 1)).buy(2, 0, unread).scores is None


def test_the_initial_set_is_the_same_for_every_strategy_of_a_seed():
    one, other = labelling(last), labelling(answers(0))
    one.buy_initial_set(6)
    other.buy_initial_set(6)
    assert one.pool.labelled.tolist() == other.pool.labelled.tolist()


def test_what_ranked_next_is_bought_before_the_pool_is_ranked_again():
    asked = []

    def counted(candidates, size, generator):
        asked.append(size)
        return last(candidates, size, generator)

    shop = labelling(counted, rescore_every=2)
    bought = [shop.buy(3, round, unread).indices.tolist() for round in range(3)]
    assert (asked, bought) == ([6, 6], [[19, 18, 17], [16, 15, 14], [13, 12, 11]])


def test_no_more_are_asked_for_than_are_left():
    asked = []
    shop = labelling(
        lambda candidates, size, generator: asked.append(size) or last(candidates, size, generator)
    )
    shop.rescore_every = 9
    shop.buy(5, 0, unread)
    assert asked == [20]


@pytest.mark.parametrize(
    ("strategy", "fault"),
    [
        (answers(1, 2, 3, 4), "asked for 3 of 20 images, it gave 4"),
        (answers(1, 1), r"positions must be distinct, it gave \[1, 1\]"),
        (answers(-1), "positions must lie from 0 to 19, it gave -1 to -1"),
        (answers(20), "positions must lie from 0 to 19, it gave 20 to 20"),
        (answers(0.5), "expected positions as integers"),
        (answers(True, False), "expected positions as integers"),
        (answers([1, 2]), r"expected positions as integers \[Q\], found torch.int64 \[1, 2\]"),
        (
            lambda *_: Query(torch.tensor([1, 2]), torch.zeros(1)),
            "expected a score for each of 2 positions",
        ),
    ],
)
def test_an_answer_that_breaks_the_contract_buys_nothing(strategy, fault):
    shop = labelling(strategy)
    with pytest.raises(UserError, match=fault):
        shop.buy(3, 0, unread)
    assert len(shop.pool) == 0


def test_an_answer_without_images_says_that_the_network_diverged():
    with pytest.raises(
        UserError, match=r"no score of round 3 is finite.*lower model\.optimizer\.lr"
    ):
        labelling(lambda *_: Query(torch.empty(0, dtype=torch.int64))).buy(3, 3, unread)


def test_another_choice_of_another_process_buys_nothing():
    shop = labelling(processes=SimpleNamespace(gather=lambda share: [share, "another digest"]))
    with pytest.raises(
        UserError, match="process 1 chose other images than process 0 at the end of round 2"
    ):
        shop.buy(3, 2, unread)
    assert len(shop.pool) == 0


def test_another_answer_of_another_processs_oracle_buys_nothing():
    digests = iter([lambda share: [share, share], lambda share: [share, "another digest"]])
    shop = labelling(processes=SimpleNamespace(gather=lambda share: next(digests)(share)))
    with pytest.raises(UserError, match="the oracle gave process 1 other labels than process 0"):
        shop.buy(3, 0, unread)
    assert len(shop.pool) == 0


def test_processes_that_answer_alike_share_the_same_digests():
    shared = [[], []]
    for process in shared:
        gather = lambda share, seen=process: seen.append(share) or [share]  # noqa: E731
        labelling(processes=SimpleNamespace(gather=gather)).buy(3, 0, unread)
    assert shared[0] == shared[1] != []
