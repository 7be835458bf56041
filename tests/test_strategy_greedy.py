"""Greedy choices against looking at every gain again."""

import pytest
import torch
from strategy_pools import normal

from askwell.strategy.greedy import greedy


class Cover:
    """The number of things [N, M] that are covered, and how often a gain was looked at."""

    def __init__(self, sets):
        self.sets, self.covered, self.looks = sets, torch.zeros(sets.shape[1]).bool(), 0

    def gains(self, rows):
        self.looks += len(rows)
        return (self.sets[rows] & ~self.covered).sum(dim=1).double()

    def add(self, row):
        self.covered = self.covered | self.sets[row]


def by_every_gain(sets, size):
    cover, chosen = Cover(sets), []
    while len(chosen) < size:
        gains = cover.gains(torch.arange(len(sets)))
        gains[chosen] = -1
        chosen.append(int(torch.nonzero(gains == gains.max())[0]))
        cover.add(chosen[-1])
    return chosen


def chosen(sets, size, at_once=3):
    cover = Cover(sets)
    first = cover.gains(torch.arange(len(sets)))
    return greedy(first, cover.gains, cover.add, size, at_once, 0.5).tolist(), cover.looks


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_it_chooses_what_every_gain_would_lead_to_ties_to_the_lower_position(seed, at_once):
    sets = normal(50, 30, seed=seed) > 1
    assert chosen(sets, 50, at_once)[0] == by_every_gain(sets, 50)


def test_few_gains_are_looked_at_again():
    sets = torch.block_diag(*(torch.ones(1, size) for size in range(1, 100))) > 0
    positions, looks = chosen(sets, 10)
    assert positions == list(range(98, 88, -1))
    assert looks <= 99 + 9 * 3


def test_of_nothing_nothing_is_chosen():
    assert chosen(torch.zeros(0, 3).bool(), 5)[0] == []
