import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from askwell.learning_curve import area_under_curve, labels_to_target, labels_to_targets


def test_the_labels_to_a_target_are_interpolated_straight_in_their_logarithm() -> None:
    assert labels_to_targets([10, 40], [0.5, 0.9], [0.6, 0.7]) == pytest.approx([10 * 4**0.25, 20])


def test_a_lucky_round_reaches_no_target() -> None:
    """0.9 and 0.8 are one step of 0.85 in the middle of 20 and 30; 0.9 lies half way from there to
    0.95 at 40.
    """
    expected = np.sqrt(np.sqrt(20 * 30) * 40)
    assert labels_to_targets([10, 20, 30, 40], [0.5, 0.9, 0.8, 0.95], [0.9]) == pytest.approx(
        [expected]
    )


def test_a_plateau_at_the_target_costs_the_labels_of_its_start() -> None:
    assert labels_to_target([10, 20, 30, 40], [0.5, 0.9, 0.9, 0.9], 0.9) == 20


def test_an_unlucky_round_loses_no_target() -> None:
    """0.95 and 0.87 are one step of 0.91 in the middle of 20 and 30."""
    expected = 10 * (np.sqrt(600) / 10) ** (0.40 / 0.41)
    assert labels_to_targets([10, 20, 30, 40], [0.5, 0.95, 0.87, 0.95], [0.9]) == pytest.approx(
        [expected]
    )


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


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12), st.integers(0, 999))
def test_the_crossing_is_that_of_scikit_learns_isotonic_fit(
    thousandths: list[int], target: int
) -> None:
    accuracy, wanted = [each / 1000 for each in thousandths], (target + 0.5) / 1000
    labels = 10.0 * np.arange(1, len(accuracy) + 1)
    fit = IsotonicRegression().fit_transform(labels, accuracy).round(9)
    assume(np.abs(fit - wanted).min() > 1e-6)
    heights = np.unique(fit)
    middles = [np.log(labels[fit == height]).mean() for height in heights]
    above, below = (
        np.flatnonzero(chosen)
        for chosen in (np.array(accuracy) > wanted, np.array(accuracy) < wanted)
    )
    expected = np.nan
    if fit[-1] > wanted:
        latest = labels[min(below[-1] + 1, len(labels) - 1)] if len(below) else labels[0]
        expected = np.clip(
            np.exp(np.interp(wanted, heights, middles)), labels[max(above[0] - 1, 0)], latest
        )
    assert labels_to_targets(labels.tolist(), accuracy, [wanted]) == pytest.approx(
        [expected], nan_ok=True
    )


def test_noise_does_not_move_the_labels_to_a_target() -> None:
    """The mean over runs of one mean curve is the same within 4 % for rounds four times as
    noisy.
    """
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
    assert area_under_curve(range(10, 10 * rounds + 1, 10), [height] * rounds) == pytest.approx(
        height
    )


def test_a_curve_without_rounds_has_no_area() -> None:
    with pytest.raises(ValueError, match="at least one round"):
        area_under_curve([], [])
