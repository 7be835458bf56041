"""The pool: what was bought, in which order, and what it refuses."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from askwell.pool import Pool, Purchase


@pytest.fixture
def pool() -> Pool:
    """Ten images, of which 7, 2 and 5 were bought in two rounds."""
    pool = Pool(10)
    pool.label([7, 2], [1, 0], round=0)
    pool.label([5], [1], round=1, scores=[0.5])
    return pool


def test_labelled_images_stand_in_the_order_of_purchase(pool):
    assert pool.labelled.tolist() == [7, 2, 5]


def test_unlabelled_images_are_all_others_in_rising_order(pool):
    assert pool.unlabelled.tolist() == [0, 1, 3, 4, 6, 8, 9]


def test_its_length_counts_the_labels_bought(pool):
    assert len(pool) == 3


def test_labels_are_those_of_the_indices_asked_for(pool):
    assert pool.labels([5, 2, 7, 2]).tolist() == [1, 0, 1, 0]


def test_the_label_of_an_image_that_was_not_bought_is_not_told(pool):
    with pytest.raises(KeyError, match="3"):
        pool.labels([3])


def test_labels_of_a_round_are_those_it_was_the_first_to_train_on(pool):
    assert [pool.labels_of_round(round).tolist() for round in (0, 1, 2)] == [[1, 0], [1], []]


def test_a_purchase_keeps_label_round_and_score(pool):
    assert [pool.purchases[index] for index in (7, 5)] == [
        Purchase(1, 0, None),
        Purchase(1, 1, 0.5),
    ]


@pytest.mark.parametrize("indices", [[7], [1, 2], [3, 3]])
def test_a_label_is_not_bought_twice(pool, indices):
    with pytest.raises(ValueError, match="a label is bought once"):
        pool.label(indices, [0] * len(indices), round=2)


@pytest.mark.parametrize("index", [-1, 10])
def test_an_index_outside_the_pool_is_refused(pool, index):
    with pytest.raises(ValueError, match="expected indices from 0 to 9"):
        pool.label([0, index], [0, 0], round=2)


@pytest.mark.parametrize(("labels", "scores"), [([0], None), ([0, 1, 1], None), ([0, 1], [0.5])])
def test_every_index_needs_its_label_and_score(pool, labels, scores):
    with pytest.raises(ValueError, match="zip"):
        pool.label([0, 1], labels, round=2, scores=scores)


@pytest.mark.parametrize(
    ("indices", "labels"), [([0, 7], [0, 0]), ([0, 10], [0, 0]), ([0, 1], [0])]
)
def test_a_refused_purchase_leaves_nothing_behind(pool, indices, labels):
    before = pool.state_dict()
    with pytest.raises(ValueError, match=r"bought once|expected indices|zip"):
        pool.label(indices, labels, round=2)
    assert pool.state_dict() == before


def test_arrays_are_kept_as_plain_numbers_that_a_checkpoint_may_hold(pool, tmp_path):
    pool.label(np.array([0]), torch.tensor([1]), round=2, scores=np.array([0.25], np.float32))
    torch.save(pool.state_dict(), tmp_path / "pool")
    assert torch.load(tmp_path / "pool", weights_only=True) == pool.state_dict()


def test_a_pool_read_back_is_the_same_history(pool):
    copy = Pool(10)
    copy.load_state_dict(pool.state_dict())
    assert list(copy.purchases.items()) == list(pool.purchases.items())


def test_reading_a_state_forgets_what_was_bought_since(pool):
    earlier = pool.state_dict()
    pool.label([0], [1], round=2)
    pool.load_state_dict(earlier)
    assert pool.labelled.tolist() == [7, 2, 5]


def test_the_state_of_a_larger_pool_is_refused(pool):
    with pytest.raises(ValueError, match="expected a pool of 9 images, the checkpoint has 10"):
        Pool(9).load_state_dict(pool.state_dict())


def test_a_pool_that_has_grown_has_the_new_images_as_candidates(pool):
    grown = Pool(12)
    grown.load_state_dict(pool.state_dict())
    assert grown.unlabelled.tolist() == [0, 1, 3, 4, 6, 8, 9, 10, 11]


def test_held_and_broken_images_are_no_candidates():
    apart = Pool(5, held=[1], broken=[3])
    assert (apart.unlabelled.tolist(), apart.left) == ([0, 2, 4], 3)


def test_images_without_a_label_leave_the_pool_and_are_not_trained_on(pool):
    pool.drop([0, 9], [-1, -2], round=1)
    restored = Pool(10)
    restored.load_state_dict(pool.state_dict())
    assert restored.unlabelled.tolist() == [1, 3, 4, 6, 8]
    assert (len(restored), restored.digest) == (3, pool.digest)


def test_given_labels_cost_nothing():
    pool = Pool(5, given=[2])
    pool.label([2, 0], [1, 1], round=0)
    assert (len(pool), pool.bought, pool.answers) == (2, 1, 1)


@pytest.mark.parametrize(
    "other", [[(7, 1), (2, 0)], [(2, 0), (7, 1), (5, 1)], [(7, 1), (2, 0), (5, 0)]]
)
def test_digests_tell_histories_apart(pool, other):
    different = Pool(10)
    different.load_state_dict(
        {"size": 10, "purchases": [[index, label, 0, None] for index, label in other]}
    )
    assert different.digest != pool.digest


def test_equal_histories_have_equal_digests(pool):
    copy = Pool(10)
    copy.load_state_dict(pool.state_dict())
    assert copy.digest == pool.digest


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(12)), st.integers(0, 12))
def test_labelled_and_unlabelled_share_the_pool_between_them(indices, bought):
    pool = Pool(12)
    pool.label(indices[:bought], [0] * bought, round=0)
    assert sorted([*pool.labelled, *pool.unlabelled]) == list(range(12))
