"""Every strategy in conf/strategy: the same query whoever looks, and an answer for odd pools.

A new yaml is tested unasked.
"""

import pytest
import torch
from matplotlib.colors import is_color_like
from matplotlib.lines import Line2D
from strategy_pools import asked, asked_by_each_process, normal, pool
from test_strategy import STRATEGIES, load

FEATURES, LOGITS = normal(60, 6), 2 * normal(60, 5, seed=1)
LABELLED = range(0, 60, 8)
FREE = sorted({*range(60)} - {*LABELLED})
RANDOM = {"random", "badge", "stochastic"}
"""These draw among equal images."""


@pytest.fixture(params=STRATEGIES)
def strategy(request):
    return load(request.param)


@pytest.fixture
def expected(strategy):
    return asked(strategy, pool(FEATURES, LOGITS, LABELLED), 12)


def test_it_has_a_title_a_colour_and_a_marker_of_a_figure(strategy):
    assert strategy.title
    assert is_color_like(strategy.colour)
    assert strategy.marker in Line2D.markers


def test_no_two_strategies_look_alike():
    looks = [(one.title, one.colour, one.marker) for one in map(load, STRATEGIES)]
    assert len({title for title, _, _ in looks}) == len(looks)
    assert len({look[1:] for look in looks}) == len(looks)


@pytest.mark.parametrize("batch_size", [1, 64])
def test_the_size_of_a_batch_does_not_matter(strategy, expected, batch_size):
    assert asked(strategy, pool(FEATURES, LOGITS, LABELLED, batch_size), 12) == expected


def test_the_order_of_the_batches_does_not_matter(strategy, expected):
    assert asked(strategy, pool(FEATURES, LOGITS, LABELLED, reverse=True), 12) == expected


@pytest.mark.parametrize("count", [2, 12])  # of 12, four have nothing to do
def test_processes_agree_on_what_one_alone_asks(strategy, expected, count):
    answers = asked_by_each_process(strategy, 12, count, FEATURES, LOGITS, LABELLED)
    assert answers == [expected] * count


@pytest.mark.parametrize("scale", [0.001, 37.0])
def test_features_in_another_unit_lead_to_the_same_query(strategy, expected, scale):
    assert asked(strategy, pool(scale * FEATURES, LOGITS, LABELLED), 12) == expected


def test_it_takes_what_there_is(strategy):
    candidates = pool(FEATURES[:9], LOGITS[:9], [4])
    assert sorted(asked(strategy, candidates, 20)) == [0, 1, 2, 3, 5, 6, 7, 8]


@pytest.mark.parametrize("size", [1, 3])
def test_nothing_is_labelled_and_fewer_are_asked_for_than_there_are_classes(strategy, size):
    untrained = torch.zeros(60, 5)
    assert len(set(asked(strategy, pool(FEATURES, untrained), size))) == size


def test_one_class_alone_is_predicted(strategy):
    of_one = torch.tensor([9.0, 0, 0, 0, 0]) + 0.1 * LOGITS
    assert len(set(asked(strategy, pool(FEATURES, of_one, LABELLED), 12))) == 12


def test_every_image_is_there_three_times(strategy):
    twins = pool(FEATURES.repeat(3, 1), LOGITS.repeat(3, 1), LABELLED)
    assert len(set(asked(strategy, twins, 100))) == 100


@pytest.mark.parametrize("value", [0.0, 0.1])
@pytest.mark.parametrize("labelled", [(), LABELLED])
def test_equal_images_are_all_there_is(strategy, value, labelled):
    answer = asked(strategy, pool(torch.full((60, 6), value), torch.zeros(60, 5), labelled), 12)
    assert len(set(answer)) == 12


@pytest.mark.parametrize("name", sorted({*STRATEGIES} - RANDOM))
def test_equal_images_are_asked_for_in_their_order(name):
    same = pool(torch.full((60, 6), 0.1), torch.zeros(60, 5), LABELLED)
    assert asked(load(name), same, 12) == FREE[:12]


def test_a_labelled_image_that_the_network_cannot_read_is_no_obstacle(strategy):
    features, logits = FEATURES.clone(), LOGITS.clone()
    features[8], logits[8] = torch.nan, torch.nan
    answer = asked(strategy, pool(features, logits, LABELLED), 52)
    assert sorted(answer) == FREE
