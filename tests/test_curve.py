import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from askwell.curve import area_under_curve, labels_to_target, labels_to_targets


def test_the_labels_to_a_target_are_interpolated_between_the_rounds_around_it() -> None:
    assert labels_to_targets([10, 20], [0.5, 0.9], [0.6, 0.8]) == pytest.approx([12.5, 17.5])


def test_a_lucky_round_reaches_no_target() -> None:
    """0.9 and 0.8 are averaged to 0.85, and 0.9 lies half way from there to 0.95."""
    assert labels_to_target([10, 20, 30, 40], [0.5, 0.9, 0.8, 0.95], 0.9) == 35


def test_an_unlucky_round_loses_no_target() -> None:
    assert labels_to_target([10, 20, 30, 40], [0.5, 0.95, 0.87, 0.95], 0.9) == 20


def test_a_target_that_the_first_round_reaches_costs_its_labels() -> None:
    assert labels_to_target([10, 20], [0.9, 0.95], 0.9) == 10


def test_a_target_that_no_round_reaches_has_no_price() -> None:
    assert labels_to_target([10, 20], [0.5, 0.6], 0.9) is None


def test_whole_labels_suffice_for_the_target() -> None:
    assert labels_to_target([10, 20], [0.5, 0.92], 0.9) == 20


def test_equal_accuracies_reach_their_own_height() -> None:
    assert labels_to_target([10, 20, 30, 40], [0.5, 0.7, 0.7, 0.7], 0.7) == 20


def test_the_round_that_ended_a_run_by_its_accuracy_does_not_count() -> None:
    labels, accuracy = [10, 20, 30], [0.5, 0.8, 0.9]
    found = labels_to_targets(labels, accuracy, [0.8, 0.85, 0.9], stopped=True)
    assert found == pytest.approx([20, np.nan, np.nan], nan_ok=True)


def test_a_run_that_its_first_round_ended_reaches_nothing() -> None:
    assert labels_to_target([10], [0.95], 0.9, stopped=True) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.01, 1))
def test_the_crossing_is_that_of_scikit_learns_isotonic_fit(accuracy: list[float], target: float) -> None:
    labels = [10 * (number + 1) for number in range(len(accuracy))]
    fit = IsotonicRegression().fit_transform(labels, accuracy)
    assume(np.abs(fit - target).min() > 1e-6)
    above = [number for number, height in enumerate(fit) if height >= target]
    (found,) = labels_to_targets(labels, accuracy, [target])
    assert np.isnan(found) if not above else labels[max(above[0] - 1, 0)] <= found <= labels[above[0]]


def test_noise_does_not_move_the_labels_to_a_target() -> None:
    """The mean over runs of one mean curve is the same within 4 % for rounds four times as noisy."""
    draw, labels = np.random.default_rng(0), np.arange(1, 41) * 10
    mean = 1 - (labels / 10) ** -0.75
    prices = [
        [labels_to_targets(labels, mean + draw.normal(0, noise, 40), [0.85])[0] for _ in range(500)]
        for noise in (0.01, 0.04)
    ]
    assert np.mean(prices[1]) == pytest.approx(np.mean(prices[0]), rel=0.04)


def test_the_area_is_the_mean_accuracy_over_unevenly_spaced_labels() -> None:
    assert area_under_curve([0, 10, 40], [0.0, 1.0, 1.0]) == pytest.approx((5 + 30) / 40)


def test_the_area_of_a_single_round_is_its_accuracy() -> None:
    assert area_under_curve([128], [0.7]) == 0.7


@given(st.floats(0, 1), st.integers(1, 30))
def test_the_area_of_a_flat_curve_is_its_height(height: float, rounds: int) -> None:
    assert area_under_curve(range(10, 10 * rounds + 1, 10), [height] * rounds) == pytest.approx(height)


def test_a_curve_without_rounds_has_no_area() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        area_under_curve([], [])
