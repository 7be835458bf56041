"""Switch: which of its two strategies is asked."""

import pytest
from strategy_pools import asked, normal, pool
from test_strategy import load

from askwell.errors import UserError
from askwell.strategy import Query
from askwell.strategy.switch import Switch
from askwell.strategy.typiclust import TypiClust


def lowest(candidates, size, generator):
    return Query(candidates.indices.argsort()[:size])


def highest(candidates, size, generator):
    return Query(candidates.indices.argsort(descending=True)[:size])


def who(strategy, labelled, size=4):
    """Which of the two is asked once so many are labelled: the highest indices are free either
    way.
    """
    answer = asked(strategy, pool(normal(60, 3), labelled=range(20, 20 + labelled)), size)
    return {0: "first", 59: "then"}[answer[0]]


def test_it_switches_once_so_many_are_labelled():
    strategy = Switch(lowest, highest, labels=10)
    assert [who(strategy, count) for count in (0, 9, 10, 30)] == ["first", "first", "then", "then"]


def test_it_switches_after_so_many_rounds_and_the_initial_set():
    strategy = Switch(lowest, highest, rounds=2)
    rounds = [who(strategy, labelled) for labelled in (0, 4, 8, 12, 16)]
    assert rounds == ["first", "first", "first", "then", "then"]


@pytest.mark.parametrize("setting", [{"rounds": 0, "labels": None}, {"labels": 0}])
def test_after_nothing_the_second_is_asked_at_once(setting):
    assert who(Switch(lowest, highest, **setting), 4) == "then"


def test_the_yaml_is_typiclust_for_three_rounds_then_the_smallest_margin():
    features, logits = normal(60, 4), normal(60, 4, seed=1)
    few, enough = pool(features, logits, range(12)), pool(features, logits, range(20))
    assert asked(load("switch"), few, 4) == asked(TypiClust(), few, 4)
    assert asked(load("switch"), few, 4) != asked(load("sm"), few, 4)
    assert asked(load("switch"), enough, 4) == asked(load("sm"), enough, 4)


@pytest.mark.parametrize("setting", [{}, {"rounds": 3, "labels": 10}])
def test_one_of_rounds_and_labels_is_needed(setting):
    with pytest.raises(UserError, match="set one of them, and the other to null"):
        Switch(lowest, highest, **setting)


@pytest.mark.parametrize("setting", [{"rounds": -1}, {"labels": -1}])
def test_below_zero_has_no_meaning(setting):
    with pytest.raises(UserError, match="expected at least 0"):
        Switch(lowest, highest, **setting)
