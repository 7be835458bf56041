"""How advice is judged, and that what is advised was found right on the packed runs."""

from collections.abc import Sequence
from typing import Any

import pytest
from bench.stopping import CLOSE, Stop, forecasts_of, judged, stop_of

from askwell import stopping
from askwell.forecast import LEAST
from askwell.stopping import AHEAD, RULES

RIGHT = 0.9
"""The share of cases in which advice must have been right to be shown."""
FORECAST = 10
"""Runs whose forecasts are judged here; `python -m bench.stopping` judges those of all."""


def run(accuracy: Sequence[float], kappa: Sequence[float]) -> dict[str, Any]:
    labels = [10 * number for number in range(1, len(accuracy) + 1)]
    uncertainty = [0.5] * len(labels)
    return {"labels": labels, "accuracy": accuracy, "kappa": kappa, "uncertainty": uncertainty}


def test_a_stop_is_judged_by_the_end_of_the_run_and_by_the_labels_that_would_have_sufficed() -> (
    None
):
    accuracy, kappa = [0.5, 0.9, 0.88, 0.9, 0.92, 0.915], [0.2, 0.9, 0.99, 1.0, 1.0, 1.0]
    stop = stop_of(run(accuracy, kappa), RULES["stable predictions"])
    assert stop == (50, 50, pytest.approx(-0.005))


def test_a_rule_that_waits_for_the_last_round_ends_no_run() -> None:
    assert stop_of(run([0.5] * 4, [0.0, 1.0, 1.0, 1.0]), RULES["stable predictions"]) is None


def test_a_run_that_never_changes_needed_its_first_labels_alone() -> None:
    stop = stop_of(run([0.9] * 5, [1.0] * 5), RULES["stable predictions"])
    assert stop == Stop(30, 10, 0.0)


def test_a_forecast_is_judged_by_a_round_that_it_did_not_see() -> None:
    accuracy = [0.5, 0.6, 0.65, 0.68, 0.7, 0.71, 0.2]
    last = [
        told
        for told in forecasts_of([10, 20, 30, 40, 50, 60, 70], accuracy)
        if told.measured == 0.2
    ]
    assert [(told.queries, told.low > 0.2) for told in last] == [(2, True), (1, True)]


def test_what_is_advised_was_right_on_the_packed_runs() -> None:
    runs = list(judged())
    some = runs[:: max(len(runs) // FORECAST, 1)]
    told = [one for each in some for one in forecasts_of(each["labels"], each["accuracy"])]
    for queries in AHEAD:
        inside = [one.low <= one.measured <= one.high for one in told if one.queries == queries]
        assert sum(inside) >= RIGHT * len(inside) > 0
    if stopping.ADVISED is not None:
        known = [each for each in runs if "kappa" in each and len(each["labels"]) > LEAST]
        stops = [stop_of(each, RULES[stopping.ADVISED]) for each in known]
        right = [stop.lost <= CLOSE for stop in stops if stop is not None]
        assert sum(right) >= RIGHT * len(right) > 0
