from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import group_of, rewrite_round, write_run
from sklearn.metrics import auc

from askwell.learning_curve import area_between
from askwell.report.groups.measures import targets_within


def test_a_lucky_round_does_not_count_as_the_target(tmp_path: Path) -> None:
    """0.95 and 0.8 are one step of 0.875 in the middle of 20 and 30 labels, below 0.96 at 40."""
    write_run(tmp_path, accuracies=(0.5, 0.95, 0.8, 0.96))
    middle = np.sqrt(20 * 30)
    expected = middle * (40 / middle) ** (0.075 / 0.085)
    assert group_of(tmp_path).runs[0.95].to_list() == pytest.approx([expected])


def test_a_run_that_an_accuracy_ended_is_censored_at_its_last_round(tmp_path: Path) -> None:
    write_run(tmp_path, accuracies=(0.5, 0.9, 0.95), reason="target_accuracy")
    assert group_of(tmp_path).runs[[0.9, 0.95]].to_numpy().tolist()[0] == pytest.approx(
        [20, np.nan], nan_ok=True
    )


def test_a_query_is_the_labels_between_two_rounds(tmp_path: Path) -> None:
    write_run(tmp_path, accuracies=(0.5, 0.6, 0.7))
    assert group_of(tmp_path).runs["grain"].to_list() == [10]


def test_a_target_that_is_never_reached_has_no_labels(tmp_path: Path) -> None:
    write_run(tmp_path, accuracies=(0.5, 0.94))
    assert group_of(tmp_path).runs[0.95].isna().all()


@pytest.mark.parametrize(
    ("reach", "targets"),
    [
        (0.98, (0.90, 0.95, 0.97)),
        (0.90, (0.90, 0.95, 0.97)),
        (0.87, (0.80, 0.85, 0.90)),
        (0.66, (0.5, 0.6, 0.7)),
        (0.1, (0.1, 0.2, 0.3)),
        (0.05, (0.90, 0.95, 0.97)),
    ],
)
def test_targets_are_such_that_one_is_reached(reach: float, targets: tuple[float, ...]) -> None:
    assert targets_within(reach) == targets


def test_the_area_of_a_straight_line_is_its_middle() -> None:
    assert area_between(np.array([10, 20, 30]), np.array([0.2, 0.4, 0.6]), 10, 30) == pytest.approx(
        0.4
    )


def test_an_area_may_end_between_two_rounds() -> None:
    assert area_between(np.array([0, 10]), np.array([0.0, 1.0]), 2, 6) == pytest.approx(0.4)


@pytest.mark.parametrize(("low", "high"), [(15, 15), (20, 10)])
def test_ranges_that_meet_in_a_point_or_nowhere_have_no_area(low: float, high: float) -> None:
    assert np.isnan(area_between(np.array([10, 20]), np.array([0.2, 0.4]), low, high))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_an_area_over_the_whole_range_agrees_with_scikit_learn(accuracies: list[float]) -> None:
    labels = np.cumsum(np.arange(1, len(accuracies) + 1))
    expected = auc(labels, accuracies) / (labels[-1] - labels[0])
    assert area_between(labels, np.array(accuracies), labels[0], labels[-1]) == pytest.approx(
        expected
    )


def test_areas_are_taken_over_the_labels_that_all_runs_share(tmp_path: Path) -> None:
    write_run(tmp_path, seed=0, accuracies=(0.5, 0.7, 1.0))
    write_run(tmp_path, seed=1, accuracies=(0.5, 0.7))
    assert group_of(tmp_path).runs["area"].to_list() == pytest.approx([0.6, 0.6])


def test_the_worst_class_is_that_of_the_last_round(tmp_path: Path) -> None:
    run = write_run(tmp_path, accuracies=(0.5, 0.9))
    rewrite_round(run, 0, class_accuracy={"0": 0.1, "1": 0.9})
    rewrite_round(run, 1, class_accuracy={"0": 0.9, "1": 0.7})
    assert group_of(tmp_path).runs[["worst", "worst_accuracy"]].to_numpy().tolist() == [["1", 0.7]]


def test_a_class_that_was_not_measured_is_not_the_worst(tmp_path: Path) -> None:
    rewrite_round(
        write_run(tmp_path, accuracies=(0.5,)), 0, class_accuracy={"0": float("nan"), "1": 0.9}
    )
    assert group_of(tmp_path).runs["worst"].to_list() == ["1"]
