import pytest
from hypothesis import given
from hypothesis import strategies as st

from askwell.curve import area_under_curve, labels_to_target


def test_the_price_of_a_target_is_paid_in_the_first_round_that_reaches_it() -> None:
    assert labels_to_target([10, 20, 30, 40], [0.5, 0.9, 0.8, 0.95], 0.9) == 20


def test_a_target_that_no_round_reaches_has_no_price() -> None:
    assert labels_to_target([10, 20], [0.5, 0.6], 0.9) is None


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
