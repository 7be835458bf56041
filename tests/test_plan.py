"""Sizes of queries and ends of runs."""

from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import askwell.loop.plan
from askwell.errors import UserError
from askwell.loop.plan import Plan

plan_for = partial(askwell.loop.plan.plan_for, num_classes=2, processes=1)


@pytest.mark.parametrize(("size", "labels"), [(32, 32), (0.1, 400), (0.0125, 50), (4000, 4000)])
def test_a_query_is_labels_or_a_fraction_of_the_pool(size, labels):
    assert plan_for(4000, query_size=size).query_size == labels


def test_the_initial_set_is_as_large_as_a_query_unless_it_is_said():
    assert [plan_for(100, 8).initial_size, plan_for(100, 8, initial_size=20).initial_size] == [
        8,
        20,
    ]


def test_the_budget_may_be_a_fraction_of_the_pool():
    assert plan_for(4000, 32, budget=0.25).budget == 1000


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"query_size": 0}, "query_size=0 is 0 labels: expected 1 to 100"),
        ({"query_size": -3}, "query_size=-3 is -3 labels: expected 1 to 100"),
        ({"query_size": 1.5}, r"query_size=1\.5: a fraction of the pool lies between 0 and 1"),
        ({"query_size": 0.0}, r"query_size=0\.0: a fraction of the pool lies between 0 and 1"),
        ({"query_size": 0.001}, r"query_size=0\.001 is 0 labels"),
        ({"query_size": 1}, r"query_size=1 is too few .*2 classes: set initial_size=2 or more"),
        (
            {"query_size": 8, "initial_size": 1},
            r"initial_size=1 is too few .* initial_size=2 or more",
        ),
        (
            {"query_size": 7, "processes": 4},
            r"query_size=7 is too few .*\(7\), as 4 processes .* initial_size=8 or more",
        ),
        (
            {"query_size": 8, "num_classes": 9},
            "query_size=8 is too few .* 9 classes: set initial_size=9 or more",
        ),
        (
            {"query_size": 0.05, "num_classes": 6},
            r"query_size=0\.05 is too few to start with \(5\)",
        ),
        (
            {"query_size": 8, "initial_size": 101},
            "initial_size=101 is 101 labels: expected 1 to 100",
        ),
        ({"query_size": 8, "budget": 7}, "budget=7 does not pay for the 8 labels of initial_size"),
        ({"query_size": 8, "budget": 101}, "budget=101 is 101 labels: expected 1 to 100"),
        ({"query_size": 8, "rounds": 0}, "rounds=0: expected at least 1"),
        ({"query_size": 8, "target_accuracy": 0}, "target_accuracy=0: expected a fraction"),
        ({"query_size": 8, "target_accuracy": 97}, "target_accuracy=97: expected a fraction"),
    ],
)
def test_what_cannot_be_is_refused_with_its_setting_and_value(settings, line):
    with pytest.raises(UserError, match=line):
        plan_for(100, **settings)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, None),
        ({"round": 4}, "rounds"),
        ({"round": 7}, "rounds"),
        ({"spent": 50}, "budget"),
        ({"accuracy": 0.9}, "target_accuracy"),
        ({"left": 0}, "pool exhausted"),
        ({"round": 4, "accuracy": 0.9, "spent": 50, "left": 0}, "target_accuracy"),
    ],
)
def test_a_run_ends_by_its_first_limit(state, reason):
    plan = Plan(query_size=10, initial_size=10, rounds=5, budget=50, target_accuracy=0.9)
    assert (
        plan.reason_to_stop(**({"round": 3, "spent": 40, "accuracy": 0.5, "left": 60} | state))
        == reason
    )


def test_a_run_without_limits_ends_with_the_pool():
    plan = plan_for(100, 10)
    assert [plan.reason_to_stop(9, 100 - left, 1.0, left) for left in (1, 0)] == [
        None,
        "pool exhausted",
    ]


@pytest.mark.parametrize(
    ("budget", "labels", "left", "size"),
    [(None, 20, 80, 10), (None, 96, 4, 4), (25, 20, 80, 5), (98, 96, 4, 2)],
)
def test_the_last_query_takes_what_is_left_of_pool_and_budget(budget, labels, left, size):
    assert plan_for(100, 10, budget=budget).next_query(labels, left) == size


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 500), st.data())
def test_queries_add_up_to_the_budget_exactly(pool_size, data):
    query, initial = data.draw(st.integers(1, pool_size)), data.draw(st.integers(2, pool_size))
    plan = plan_for(pool_size, query, initial, budget=data.draw(st.integers(initial, pool_size)))
    labels, round = plan.initial_size, 0
    while plan.reason_to_stop(round, labels, 0.5, pool_size - labels) is None:
        labels, round = labels + plan.next_query(labels, pool_size - labels), round + 1
    assert labels == plan.budget


def test_a_query_above_the_pool_is_cut_and_this_is_said(caplog):
    plan = plan_for(100, 101, initial_size=10)
    assert (plan.query_size, plan.initial_size) == (100, 10)
    assert [record.getMessage() for record in caplog.records] == [
        "query_size=101 is cut to the 100 images of the pool"
    ]
