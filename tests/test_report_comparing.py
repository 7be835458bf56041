from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import group_of, write_run
from scipy import stats

from askwell.report.findings.comparison import compare, found_for, pairs
from askwell.report.statistics.bootstrap import mean_interval, resamples
from askwell.report.statistics.significance import holm, paired_p


def test_holms_correction_of_the_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holms_correction_of_nothing_is_nothing() -> None:
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holms_rejections_are_those_of_the_step_down_procedure(probabilities: list[float]) -> None:
    steps = zip(sorted(probabilities), range(len(probabilities), 0, -1), strict=True)
    rejected = 0
    for p, left in steps:
        if p * left >= 0.05:
            break
        rejected += 1
    assert sum(p < 0.05 for p in holm(probabilities)) == rejected


def test_runs_are_paired_by_seed(tmp_path: Path) -> None:
    write_sweep(tmp_path, {"random": (0, 1, 2), "lc": (1, 2, 3)})
    assert pairs(group_of(tmp_path), "lc", "random").own.index.to_list() == [1, 2]


@pytest.mark.parametrize("digest", ["initial_digest", "weights_digest"])
@pytest.mark.parametrize("value", ["another", None])
def test_runs_that_started_otherwise_are_not_paired(
    tmp_path: Path, digest: str, value: str | None
) -> None:
    write_run(tmp_path, "random")
    write_run(tmp_path, "lc", **{digest: value})
    assert len(pairs(group_of(tmp_path), "lc", "random")) == 0


def test_a_comparison_is_scipys_paired_t_test_of_the_areas(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.02, (2, 6))
    for seed in range(6):
        write_run(tmp_path, "random", seed, (0.5 + noise[0, seed],) * 2)
        write_run(tmp_path, "lc", seed, (0.52 + noise[1, seed],) * 2)
    (comparison,) = compare(group_of(tmp_path), ["lc"], "random")
    assert comparison.p == pytest.approx(stats.ttest_rel(0.52 + noise[1], 0.5 + noise[0]).pvalue)


def test_a_short_run_of_a_third_strategy_leaves_a_comparison_as_it_was(tmp_path: Path) -> None:
    for seed in range(5):
        write_run(tmp_path, "random", seed, (0.5, 0.6, 0.7 + seed / 100))
        write_run(tmp_path, "lc", seed, (0.5, 0.8 + seed / 50, 0.9))
    before = compare(group_of(tmp_path), ["lc"], "random")
    write_run(tmp_path, "sm", 0, (0.5,))
    assert compare(group_of(tmp_path), ["lc"], "random") == before


def test_runs_that_share_the_first_round_only_are_not_tested(tmp_path: Path) -> None:
    for seed in range(5):
        write_run(tmp_path, "random", seed, (0.5, 0.6))
        write_run(tmp_path, "lc", seed, (0.5, 0.6) if seed else (0.5,))
    assert compare(group_of(tmp_path), ["lc"], "random") == []


def test_fewer_than_five_pairs_are_not_tested(tmp_path: Path) -> None:
    write_sweep(tmp_path, {"random": range(4), "lc": range(4)})
    assert compare(group_of(tmp_path), ["lc"], "random") == []


def test_equal_runs_are_not_distinguishable() -> None:
    assert paired_p(pd.Series([0.5, 0.6]), pd.Series([0.5, 0.6])) == 1


@pytest.mark.parametrize("seeds", [5, 6])
def test_the_band_of_few_seeds_is_that_of_every_resample(seeds: int) -> None:
    values = np.random.default_rng(0).normal(0, 1, seeds)
    low, high = mean_interval(values, np.zeros(seeds))
    means = [np.mean(chosen) for chosen in product(values, repeat=seeds)]
    tail = stats.norm.cdf(np.sqrt(seeds / (seeds - 1)) * stats.t.ppf(0.025, seeds - 1))
    expected = np.quantile(means, [tail, 1 - tail], method="inverted_cdf")
    assert [float(low), float(high)] == pytest.approx(expected)


def test_the_band_of_many_seeds_is_about_students_interval() -> None:
    values = np.random.default_rng(0).normal(0, 1, 40)
    expected = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert mean_interval(values, np.zeros(40)) == pytest.approx(expected, abs=0.05)


def test_the_resamples_of_few_seeds_are_all_there_are() -> None:
    shares, weights = resamples(5)
    assert (len(shares), weights.sum()) == (126, pytest.approx(1))


@pytest.mark.parametrize(("height", "found"), [(0.9, 1), (0.7, -1), (0.8, 0)])
def test_what_a_test_finds_has_a_direction(tmp_path: Path, height: float, found: int) -> None:
    for seed in range(5):
        write_run(tmp_path, "random", seed, (0.8, 0.8))
        write_run(tmp_path, "lc", seed, (height, height))
    assert found_for("lc", compare(group_of(tmp_path), ["lc"], "random")) == found


def test_a_strategy_that_was_not_tested_is_neither_better_nor_worse() -> None:
    assert found_for("lc", []) == 0


def write_sweep(folder: Path, seeds: dict[str, range | tuple[int, ...]]) -> None:
    """Runs of each strategy for its seeds."""
    for strategy, numbers in seeds.items():
        for seed in numbers:
            write_run(folder, strategy, seed)
