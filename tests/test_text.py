"""Names in sentences, and foreign names on a terminal."""

import io
import logging
import sys

import pytest
from hydra.core.hydra_config import HydraConfig
from hypothesis import given
from hypothesis import strategies as st

from askwell.text import LineFormatter, first_of, listing, seconds, visible, write_out_unknown


def test_a_list_ends_with_and():
    assert listing(["a"]) == "a"
    assert listing(["a", "b"]) == "a and b"
    assert listing(["a", "b", "c"]) == "a, b and c"


def test_a_long_list_is_cut_and_counted():
    assert first_of(["a", "b", "c"], most=3) == "a, b and c"
    assert first_of(["a", "b", "c", "d", "e"], most=3) == "a, b, c and 2 more"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("\x1b]0;pwn\x07x", r"\x1b]0;pwn\x07x"),
        ("two\nlines", r"two\nlines"),
        ("caf\udce9", r"caf\xe9"),
    ],
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


def record(message, *names, error=None):
    trace = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("askwell", logging.WARNING, "file.py", 1, message, names, trace)


def test_a_log_line_holds_names_with_their_control_characters_written_out():
    line = LineFormatter("%(levelname)s: %(message)s").format(
        record("no image of %s", "\x1b[31mred\nash")
    )
    assert line == r"WARNING: no image of \x1b[31mred\nash"


def test_a_logged_traceback_keeps_its_lines_and_writes_out_the_rest():
    logged = LineFormatter("%(message)s").format(record("failed", error=ValueError("\x1b[31mred")))
    assert logged.splitlines() == ["failed", r"ValueError: \x1b[31mred"]


def test_the_log_of_a_run_is_formatted_line_by_line(composed):
    composed()
    formatters = HydraConfig.get().job_logging.formatters
    assert {formatter["class"] for formatter in formatters.values()} == {
        "askwell.text.LineFormatter"
    }


def test_characters_that_an_encoding_lacks_are_written_out():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    write_out_unknown(stream)
    stream.write("café 图")
    assert stream.buffer.getvalue() == rb"caf\xe9 \u56fe"


def test_a_stream_that_has_no_encoding_of_its_own_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    write_out_unknown(sys.stdout)
    print("café")
    assert sys.stdout.getvalue() == "café\n"


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
