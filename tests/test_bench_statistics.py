"""The published simulation of the verdict: its bounds, its page, and the truth that it draws."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.publishing import RESULTS
from bench.statistics import Truth, draw, judged, page_table


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    published: list[dict[str, Any]] = json.loads((RESULTS / "statistics.json").read_text())["rows"]
    return published


def test_the_page_has_the_published_table(rows: list[dict[str, Any]]) -> None:
    assert page_table(rows) in Path(__file__).parents[1].joinpath("BENCHMARKS.md").read_text()


def test_false_claims_are_rare_unless_runs_were_left_out(rows: list[dict[str, Any]]) -> None:
    false = {row["truth"]: row["claims"] for row in rows if row["true saving"] == 0}
    assert [truth for truth, claims in false.items() if claims > 3] == [
        "no difference, bad runs fail and are left out"
    ]


def test_the_intervals_cover_the_truth(rows: list[dict[str, Any]]) -> None:
    assert min(row["coverage"] for row in rows) >= 93


def test_the_intervals_of_a_saving_are_not_too_wide(rows: list[dict[str, Any]]) -> None:
    assert max(row["coverage"] for row in rows if row["true saving"] and not row["ties"]) <= 97


def test_no_interval_contradicts_its_test(rows: list[dict[str, Any]]) -> None:
    assert {row["contradictions"] for row in rows} == {0}


def test_a_saving_shortens_the_axis_of_labels() -> None:
    exact = draw(Truth("halved", 1, savings=(0.5,), spread=0), np.random.default_rng(0))
    assert exact.accuracy[1, 0, :12] == pytest.approx(exact.accuracy[0, 0, 1:25:2])


def test_a_saving_without_noise_is_found_exactly() -> None:
    exact = draw(Truth("halved", 5, savings=(0.5,), spread=1e-6), np.random.default_rng(0))
    assert judged(exact, None).share == pytest.approx(0.5, abs=0.01)
