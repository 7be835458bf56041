"""Strategies against each other round by round, and the balance of what they asked for, on cases
made by hand.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from report_runs import group_of, rewrite_round, write_run
from scipy import stats

from askwell.report.sections.head_to_head import head_to_head, mean_ranks, win_shares
from askwell.report.sections.queries import balance, entropy, repeats, variety
from askwell.report.statistics.significance import won


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """lc is better than random in two of the four rounds after the first, and as good in the
    others.
    """
    for seed in range(5):
        start = 0.5 + seed / 100
        write_run(tmp_path, "random", seed, (start, start, start, start, start))
        write_run(tmp_path, "lc", seed, (start, start + 0.1, start + 0.2, start, start))
    return tmp_path


def test_a_share_of_rounds_is_won(sweep: Path) -> None:
    shares = win_shares(group_of(sweep))
    assert (shares.loc["lc", "random"], shares.loc["random", "lc"]) == (0.5, 0.0)


def test_nobody_plays_against_himself(sweep: Path) -> None:
    assert np.isnan(np.diag(win_shares(group_of(sweep)))).all()


def test_equal_accuracies_share_their_rank(sweep: Path) -> None:
    assert mean_ranks(group_of(sweep)).to_dict() == {"random": 1.75, "lc": 1.25}


def test_rounds_are_won_by_scipys_paired_t_test() -> None:
    own, other = np.random.default_rng(0).normal(0.5, 0.1, (2, 200, 6))
    p = stats.ttest_rel(own, other, axis=1).pvalue
    assert np.array_equal(won(own, other), (p < 0.05) & (own.mean(axis=1) > other.mean(axis=1)))


def test_four_seeds_carry_no_test(tmp_path: Path) -> None:
    for seed in range(4):
        write_run(tmp_path, "random", seed, (0.5, 0.5))
        write_run(tmp_path, "lc", seed, (0.5, 0.9))
    (table,) = head_to_head(group_of(tmp_path))
    assert [row[1:3] for row in table.rows] == [("–", "–")] * 3


def test_the_table_has_a_row_a_strategy_and_the_average(sweep: Path) -> None:
    (table,) = head_to_head(group_of(sweep))
    assert table.rows == (
        ("random", "–", "0", "1.75"),
        ("lc", "50", "–", "1.25"),
        ("beaten, on average", "50", "0", ""),
    )


def test_a_single_strategy_has_no_table(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert list(head_to_head(group_of(tmp_path))) == []


def test_the_class_entropy_is_of_what_was_bought_after_the_initial_set(tmp_path: Path) -> None:
    run = write_run(tmp_path, "random", 0, (0.5, 0.6, 0.7))
    rewrite_round(run, 1, query_class_counts={"0": 10, "1": 0})
    rewrite_round(run, 2, query_class_counts={"0": 0, "1": 10})
    (table,) = balance(group_of(tmp_path))
    assert table.rows == (("random", "1.000", "0.000"),)


def test_nothing_bought_has_no_entropy(tmp_path: Path) -> None:
    write_run(tmp_path, "random", 0, (0.5,))
    assert list(balance(group_of(tmp_path))) == []


def test_the_variety_of_queries_is_a_mean_over_rounds(tmp_path: Path) -> None:
    run = write_run(tmp_path, "lc", 0, (0.5, 0.6, 0.7))
    for number, distance in enumerate((0.4, 0.6)):
        rewrite_round(run, number, query_diversity={"distance": distance, "near_duplicates": 0.25})
    rewrite_round(run, 2, query_diversity=None)
    (table,) = variety(group_of(tmp_path))
    assert table.rows == (("lc", "0.50", "25.0 %"),)


def test_runs_that_noted_no_variety_have_no_table_of_it(sweep: Path) -> None:
    assert list(variety(group_of(sweep))) == []


def test_answers_about_labelled_images_are_counted_by_run(tmp_path: Path) -> None:
    for seed, changed in enumerate((1, 3)):
        run = write_run(tmp_path, "lc", seed, (0.5, 0.6, 0.7))
        rewrite_round(run, 1, asked_again={"answers": 4, "changed": changed, "corrected": 0})
        rewrite_round(run, 2, asked_again={"answers": 4, "changed": 0, "corrected": 1})
    (table,) = repeats(group_of(tmp_path))
    assert table.rows == (("lc", "8.0 ± 0.0", "2.0 ± 1.4", "1.0 ± 0.0"),)


def test_runs_that_asked_nothing_again_have_no_table_of_it(sweep: Path) -> None:
    assert list(repeats(group_of(sweep))) == []


def test_rounds_that_only_some_runs_reached_count_for_the_strategies_that_did(sweep: Path) -> None:
    for seed in range(5):
        write_run(sweep, "sm", seed, (0.5, 0.9))
    shares = win_shares(group_of(sweep))
    assert (shares.loc["lc", "random"], shares.loc["sm", "random"]) == (0.5, 1.0)


def test_no_rank_where_a_strategy_has_the_first_round_alone(sweep: Path) -> None:
    write_run(sweep, "sm", 0, (0.5,))
    assert mean_ranks(group_of(sweep)).isna().all()


def test_queries_as_even_as_their_number_allows_have_entropy_one() -> None:
    bought = pd.DataFrame(
        {"strategy": "lc", "class": list("0123456789"), "queried": [2] * 5 + [1] * 5}
    )
    assert entropy(bought, ["strategy"])["lc"] == pytest.approx(1)


def test_runs_of_one_round_are_not_compared(tmp_path: Path) -> None:
    for seed in range(5):
        write_run(tmp_path, "random", seed, (0.5,))
        write_run(tmp_path, "lc", seed, (0.5,))
    (table,) = head_to_head(group_of(tmp_path))
    assert [row[1:] for row in table.rows] == [("–", "–", "–"), ("–", "–", "–"), ("–", "–", "")]
