"""The best few of a stream, against sorting everything."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from askwell.strategy.ranking import best, running_best

# Few values, so that ties are common, and the values that sorting gets wrong.
SCORES = st.lists(
    st.sampled_from([0.0, -0.0, 0.25, 0.5, -1.0, math.nan, math.inf, -math.inf]), max_size=60
)


def brute_force(scores: list[float], size: int) -> list[int]:
    finite = [position for position, score in enumerate(scores) if math.isfinite(score)]
    return sorted(finite, key=lambda position: (-scores[position], position))[:size]


def batches(scores: list[float], length: int):
    pairs = torch.arange(len(scores)).split(length), torch.tensor(scores).split(length)
    return zip(*pairs, strict=True) if scores else iter(())


@settings(max_examples=50, deadline=None)
@given(scores=SCORES, size=st.integers(1, 70), order=st.randoms())
def test_best_equals_sorting_by_falling_score_then_rising_position(scores, size, order):
    positions = list(range(len(scores)))
    order.shuffle(positions)
    shuffled = torch.tensor([scores[position] for position in positions])
    ranking = best(torch.tensor(positions, dtype=torch.int64), shuffled, size)
    assert ranking.positions.tolist() == brute_force(scores, size)


@settings(max_examples=50, deadline=None)
@given(scores=SCORES, size=st.integers(1, 70), length=st.integers(1, 20), chunk=st.integers(1, 30))
def test_a_stream_has_the_same_best_however_it_is_cut(scores, size, length, chunk):
    ranking = running_best(batches(scores, length), size, chunk)
    assert ranking.positions.tolist() == brute_force(scores, size)


def test_scores_stand_beside_their_positions():
    positions, scores = best(torch.tensor([7, 8, 9]), torch.tensor([0.1, 0.3, 0.2]), 2)
    assert (positions.tolist(), scores.tolist()) == ([8, 9], pytest.approx([0.3, 0.2]))


def test_nothing_finite_leaves_nothing_to_ask():
    assert (
        len(best(torch.arange(3), torch.tensor([math.nan, math.inf, -math.inf]), 2).positions) == 0
    )


def test_an_empty_stream_has_no_best():
    positions, scores = running_best(iter(()), 5)
    assert (positions.dtype, positions.tolist(), scores.tolist()) == (torch.int64, [], [])


def test_memory_does_not_grow_with_the_stream(monkeypatch):
    lengths = []

    def watched(positions, scores, size):
        lengths.append(len(positions))
        return best(positions, scores, size)

    monkeypatch.setattr("askwell.strategy.ranking.best", watched)
    running_best(((torch.arange(64), torch.rand(64)) for _ in range(100)), size=10, chunk=256)
    assert max(lengths) <= 10 + 256
