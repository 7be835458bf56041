"""What answers cost, and a budget in prices."""

import pytest

from askwell.errors import UserError
from askwell.loop.plan import Plan, plan_for
from askwell.loop.prices import prices_for
from askwell.oracle.answers import CANNOT_TELL, NONE_OF_THESE
from askwell.pool import Pool

CLASSES = ("ash", "birch")


@pytest.fixture
def pool():
    """Two labels of ash, one of birch, and an answer of two kinds without a label."""
    pool = Pool(10)
    pool.label([0, 1, 2], [0, 1, 0], round=0)
    pool.drop([3, 4], [NONE_OF_THESE, CANNOT_TELL], round=1)
    return pool


def test_without_prices_all_answers_cost_one_or_labels_alone_do(pool):
    spent = [prices_for(counts, CLASSES).spent(pool) for counts in ("answers", "labels")]
    assert spent == [pool.answers, pool.bought] == [5, 3]


def test_each_answer_costs_its_price_and_the_others_one(pool):
    prices = prices_for({"birch": 3, "none of these": 0.5}, CLASSES)
    assert prices.spent(pool) == 2 * 1 + 3 + 0.5 + 1


def test_labels_that_were_given_are_free(pool):
    pool.give([7], [1], round=0)
    assert prices_for({"birch": 3}, CLASSES).spent(pool) == 7


@pytest.mark.parametrize(
    ("costs", "reason"),
    [
        ({"oak": 2}, "there is no answer 'oak', expected"),
        ({"ash": 0}, "ash costs 0, expected a price above 0"),
        ({"none of these": -1}, "costs -1, expected a price 0 or more"),
        ({"ash": "dear"}, "costs dear"),
        ("minutes", "budget_counts=minutes: expected answers, labels, or prices"),
    ],
)
def test_what_is_no_price_is_refused(costs, reason):
    with pytest.raises(UserError, match=reason):
        prices_for(costs, CLASSES)


def test_a_budget_in_prices_is_never_overspent():
    plan = Plan(query_size=10, initial_size=10, budget=50, dearest=3)
    assert plan.next_query(spent=40.5, left=100) == 3
    assert plan.reason_to_stop(0, 48, accuracy=0.5, left=100) == "budget"
    assert plan.reason_to_stop(0, 47, accuracy=0.5, left=100) is None


def test_a_second_first_query_is_paid_for_at_the_dearest_price():
    plan = Plan(query_size=10, initial_size=10, budget=50, dearest=3)
    assert plan.first_again(labels=1, spent=47) == 1
    with pytest.raises(UserError, match="budget=50 does not pay for 2 more and 0 images have a"):
        plan.first_again(labels=0, spent=45)


@pytest.mark.parametrize(("price", "labels"), [(1.8, 5), (1.6, 5), (3.3, 10), (2.2, 5)])
def test_a_label_that_the_budget_just_pays_for_is_queried(price, labels):
    plan, spent = Plan(10, 2, budget=round(price * labels), dearest=price), price * (labels - 1)
    assert (plan.reason_to_stop(0, spent, 0.5, left=100), plan.next_query(spent, 100)) == (None, 1)
    assert plan.reason_to_stop(0, price * labels, accuracy=0.5, left=100) == "budget"


def test_a_budget_must_pay_for_the_first_labels_at_the_dearest_price():
    with pytest.raises(UserError, match="does not pay for the 10 labels"):
        plan_for(100, 10, budget=29, num_classes=2, processes=1, dearest=3)
