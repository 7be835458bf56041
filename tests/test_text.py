"""Names in sentences, and foreign names on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askwell.text import first_of, listing, seconds, visible


def test_a_list_ends_with_and():
    assert listing(["a"]) == "a"
    assert listing(["a", "b"]) == "a and b"
    assert listing(["a", "b", "c"]) == "a, b and c"


def test_a_long_list_is_cut_and_counted():
    assert first_of(["a", "b", "c"], most=3) == "a, b and c"
    assert first_of(["a", "b", "c", "d", "e"], most=3) == "a, b, c and 2 more"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("\x1b]0;pwn\x07x", r"\x1b]0;pwn\x07x"), ("two\nlines", r"two\nlines"), ("caf\udce9", r"caf\xe9")],
)
def test_control_characters_and_undecodable_bytes_are_written_out(name, shown):
    assert visible(name) == shown


@pytest.mark.parametrize("name", ["图片", "café", "naïve é", "[red]x", "Ящик 3", "🍎"])
def test_names_of_any_script_stay_as_they_are(name):
    assert visible(name) == name


@given(st.text())
def test_what_is_shown_prints_on_one_line(name):
    assert visible(name).isprintable()
    visible(name).encode("utf-8")


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (0, "0.00 s"),
        (0.000371, "0.37 ms"),
        (0.00371, "3.71 ms"),
        (0.0371, "37.1 ms"),
        (0.09999, "100 ms"),
        (0.1, "0.10 s"),
        (9.994, "9.99 s"),
        (9.996, "10.0 s"),
        (99.96, "100 s"),
        (123456.7, "123,457 s"),
    ],
)
def test_a_time_has_three_digits_at_most_below_a_thousand_seconds(time, shown):
    assert seconds(time) == shown


def test_a_time_and_its_deviation_have_one_unit():
    assert seconds(0.0371, 0.2) == "37.1 ± 200.0 ms"
