"""Keys: randomness that depends on what it is for and on nothing else."""

import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from askwell.randomness import generator, key

PARTS = st.lists(st.integers() | st.text(max_size=8), max_size=4)


@settings(max_examples=50, deadline=None)
@given(PARTS)
def test_a_key_is_a_seed_that_torch_takes(parts):
    assert 0 <= key(*parts) < 2**63


@settings(max_examples=50, deadline=None)
@given(PARTS, PARTS)
def test_different_parts_have_different_keys(one, other):
    assert (key(*one) == key(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("a", 1, 23), ("a", 12, 3)), (("query", 1), ("query", "1")), (("ab", "c"), ("a", "bc"))],
)
def test_parts_do_not_run_together(one, other):
    assert key(*one) != key(*other)


def test_a_key_is_the_start_of_a_hash_and_so_the_same_in_every_process():
    hashed = hashlib.sha256(b"('query', 0, 7)").digest()
    assert key("query", 0, 7) == int.from_bytes(hashed[:8], "little") // 2


def test_generators_of_one_key_draw_the_same():
    assert torch.equal(*(torch.rand(5, generator=generator("query", 0, 7)) for _ in range(2)))


def test_generators_of_neighbouring_rounds_draw_apart():
    first, second = (torch.rand(5, generator=generator("query", 0, round)) for round in (7, 8))
    assert not torch.isin(first, second).any()


def test_the_global_generator_plays_no_part():
    torch.manual_seed(1)
    drawn = torch.rand(5, generator=generator("query", 0, 7))
    torch.manual_seed(2)
    assert torch.equal(torch.rand(5, generator=generator("query", 0, 7)), drawn)


def test_making_a_generator_leaves_the_global_one_alone():
    before = torch.get_rng_state()
    generator("query", 0, 7)
    assert torch.equal(torch.get_rng_state(), before)
