"""Wrong labels against random's, and what more labels would bring, on runs made by hand."""

from pathlib import Path

import pytest
from report_runs import group_of, rewrite_round, write_run
from scipy.stats import ttest_rel

from askwell import stopping
from askwell.forecast import forecast
from askwell.report.sections.more_labels import forecasts
from askwell.report.sections.queries import wrong

CURVE = (0.5, 0.6, 0.66, 0.7, 0.73, 0.75)


def sweep(folder: Path, **wrong_labels: list[int]) -> Path:
    """A run of each strategy and seed, whose second query bought so many wrong labels."""
    for strategy, counts in wrong_labels.items():
        for seed, count in enumerate(counts):
            run = write_run(folder, strategy, seed, CURVE)
            for number in range(len(CURVE)):
                rewrite_round(run, number, wrong_labels=count if number == 1 else 0)
    return folder


def test_wrong_labels_are_counted_and_compared_with_those_of_random(tmp_path: Path) -> None:
    lc, random = [12, 18, 12, 15, 12], [6, 6, 9, 6, 6]
    (table,) = wrong(group_of(sweep(tmp_path, lc=lc, random=random)))
    p = f"{ttest_rel(lc, random).pvalue:.2g}"
    assert table.rows == (
        ("random", "7 ± 1", "11.0 ± 2.2 %", "–", "–"),
        ("lc", "14 ± 3", "23.0 ± 4.5 %", "+12.0 ± 5.7", p),
    )


def test_where_no_label_is_wrong_there_is_no_table(tmp_path: Path) -> None:
    assert list(wrong(group_of(sweep(tmp_path, random=[0, 0])))) == []


def test_a_run_that_does_not_know_the_truth_has_no_table(tmp_path: Path) -> None:
    write_run(tmp_path, "random", 0, CURVE)
    assert list(wrong(group_of(tmp_path))) == []


def test_a_strategy_has_a_row_with_the_forecast_of_its_runs(tmp_path: Path) -> None:
    write_run(tmp_path, "random", 0, CURVE)
    ((name, now, first, *_),) = next(forecasts(group_of(tmp_path))).rows
    told = forecast(range(10, 70, 10), CURVE, 70)
    cell = f"{100 * told.accuracy:.1f} ({100 * told.low:.1f} to {100 * told.high:.1f})"
    assert (name, now, first) == ("random", "75.0", cell)


def test_runs_of_few_rounds_have_no_forecast(tmp_path: Path) -> None:
    write_run(tmp_path, "random", 0, CURVE[:4])
    assert list(forecasts(group_of(tmp_path))) == []


def test_where_a_rule_is_advised_the_table_has_the_labels_at_which_it_ends_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "ADVISED", "stable predictions")
    for seed, first in ((0, 2), (1, 9)):
        run = write_run(tmp_path, "random", seed, CURVE)
        for number in range(len(CURVE)):
            steadiness = {"uncertainty": 0.5, "agreement": 1.0, "kappa": float(number >= first)}
            rewrite_round(run, number, steadiness=steadiness)
    (row,) = next(forecasts(group_of(tmp_path))).rows
    assert row[-1] == "50 (1 of 2)"
