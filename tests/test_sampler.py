"""Which labelled images a step sees, on one process and on several."""

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askwell.batches.sampler import LabelledBatches
from askwell.pool import Pool


def pool_with(labels: int) -> Pool:
    pool = Pool(1000)
    pool.label(range(0, 2 * labels, 2), [0] * labels, round=0)
    return pool


def batches(labels=100, batch_size=32, seed=0, epoch=0, rank=0, world_size=1):
    return list(
        LabelledBatches(pool_with(labels), batch_size, seed, lambda: epoch, rank, world_size)
    )


def flat(lists):
    return list(chain.from_iterable(lists))


# With 4 images a process, any number of labels can be divided into batches of 2 or more.
sizes = given(
    labels=st.integers(8, 400), batch_size=st.integers(4, 40), world_size=st.integers(1, 4)
)


@settings(max_examples=50, deadline=None)
@sizes
def test_an_epoch_shows_every_labelled_image_once(labels, batch_size, world_size):
    ranks = [
        batches(labels, batch_size, rank=rank, world_size=world_size) for rank in range(world_size)
    ]
    assert sorted(flat(flat(ranks))) == list(range(0, 2 * labels, 2))


@settings(max_examples=50, deadline=None)
@sizes
def test_no_batch_is_larger_than_said_or_has_a_single_image(labels, batch_size, world_size):
    lengths = [
        len(batch)
        for rank in range(world_size)
        for batch in batches(labels, batch_size, rank=rank, world_size=world_size)
    ]
    assert 2 <= min(lengths) <= max(lengths) <= batch_size


@settings(max_examples=50, deadline=None)
@sizes
def test_every_process_takes_the_number_of_steps_that_was_announced(labels, batch_size, world_size):
    samplers = [
        LabelledBatches(pool_with(labels), batch_size, 0, lambda: 0, rank, world_size)
        for rank in range(world_size)
    ]
    assert {len(list(sampler)) for sampler in samplers} == {len(samplers[0])}


@settings(max_examples=50, deadline=None)
@sizes
def test_batches_differ_in_size_by_one_at_most_on_one_process(labels, batch_size, world_size):
    lengths = {len(batch) for batch in batches(labels, batch_size)}
    assert max(lengths) - min(lengths) <= 1


@pytest.mark.parametrize(("labels", "steps"), [(32, 1), (33, 2), (64, 2), (65, 3)])
def test_there_are_as_few_steps_as_the_batch_size_allows(labels, steps):
    assert len(batches(labels, batch_size=32)) == steps


def test_a_seed_and_an_epoch_have_one_order():
    assert batches(seed=3, epoch=2) == batches(seed=3, epoch=2)


@pytest.mark.parametrize("other", [{"seed": 1}, {"epoch": 1}])
def test_another_seed_or_epoch_has_another_order(other):
    assert batches(**other) != batches()


def test_the_order_is_not_that_of_the_purchases():
    assert flat(batches()) != list(range(0, 200, 2))


def test_labels_bought_later_are_seen_from_the_next_epoch_on():
    pool = pool_with(40)
    sampler = LabelledBatches(pool, 32, 0, epoch=lambda: 0)
    first = flat(sampler)
    pool.label([1, 3], [0, 0], round=1)
    assert set(flat(sampler)) - set(first) == {1, 3}


def test_several_processes_share_the_steps_of_one_with_larger_batches():
    shares = zip(
        *(batches(batch_size=16, rank=rank, world_size=2) for rank in range(2)), strict=True
    )
    assert [flat(share) for share in shares] == batches(batch_size=32)
