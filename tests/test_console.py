import io
import os
import pty
import sys

import pytest
import rich
from round_facts import round_result, trainer_with

from askwell import stopping
from askwell.listener.console import Console
from askwell.loop.stop_set import Steadiness
from askwell.text import write_out_unknown


def said(capsys: pytest.CaptureFixture[str], *rounds: int, reason: str | None = None) -> str:
    console = Console(rounds=25)
    for round in rounds:
        console.on_round_end(trainer_with(), round_result(round))
    if reason:
        console.on_rounds_end(trainer_with(), reason)
    return capsys.readouterr().out


def test_a_round_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, 0, 1, 2).count("\n") == 3


def test_a_round_tells_its_place_its_labels_its_accuracy_its_worst_class_and_its_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = " ".join(said(capsys, 2).split())
    assert words == (
        "round 3/25 30 labels accuracy 85.00 % worst class ash 80.0 % train 1.00 s score 2.00 s "
        "evaluate 3.00 s"
    )


def test_a_run_without_a_limit_of_rounds_counts_them_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Console(rounds=None).on_round_end(trainer_with(), round_result(2))
    assert capsys.readouterr().out.startswith("round 3 ")


def test_a_lost_class_is_called_out_on_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Console().on_round_end(trainer_with(), round_result(4, hits=0, lost_classes=("ash",)))
    assert "!! class ash is lost" in capsys.readouterr().out.splitlines()[1]


def test_of_very_many_lost_classes_the_first_have_a_line_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lost = tuple(f"class {number}" for number in range(5000))
    Console().on_round_end(trainer_with(), round_result(4, hits=0, lost_classes=lost))
    assert capsys.readouterr().out.splitlines()[-1] == "!! 4990 more classes are lost"


def test_the_end_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert "finished after 20 labels: the pool is used up" in said(
        capsys, 0, 1, reason="pool exhausted"
    )


def test_the_closing_table_names_a_target_that_was_not_reached(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "not reached" in next(
        line for line in said(capsys, 0, reason="rounds").splitlines() if "labels to 97 %" in line
    )


def test_a_target_that_ended_the_run_is_not_certain(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    for round, hits in enumerate((8, 10)):
        console.on_round_end(trainer_with(), round_result(round, hits))
    console.on_rounds_end(trainer_with(), "target_accuracy")
    lines = capsys.readouterr().out.splitlines()
    assert "not certain: 20 ended the run" in next(
        line for line in lines if "labels to 95 %" in line
    )


def test_a_run_that_ends_before_its_first_round_has_no_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said(capsys, reason="budget") == "finished: the budget is spent\n"


def test_a_resumed_run_ends_with_the_table_of_all_its_rounds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before, after = Console(), Console()
    before.on_round_end(trainer_with(), round_result(0, hits=10))
    after.load_state_dict(before.state_dict())
    after.on_round_end(trainer_with(), round_result(1))
    after.on_rounds_end(trainer_with(), "rounds")
    assert "95.00 %" in next(
        line for line in capsys.readouterr().out.splitlines() if "best accuracy" in line
    )


def test_a_pipe_gets_no_escape_codes_even_where_colour_is_forced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    Console().on_round_end(trainer_with(), round_result(0, hits=0, lost_classes=("ash",)))
    Console().on_rounds_end(trainer_with(), "rounds")
    assert "\x1b" not in capsys.readouterr().out


def shown_until(last: str, terminal: int) -> str:
    """What a terminal was sent, which arrives in pieces, up to some last words."""
    shown = ""
    while last not in shown:
        shown += os.read(terminal, 1 << 16).decode()
    return shown


def test_a_terminal_gets_a_lost_class_in_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    with open(slave, "w") as terminal:
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
        monkeypatch.setattr(sys, "stdout", terminal)
        rich.reconfigure()
        Console().on_round_end(trainer_with(), round_result(0, hits=0, lost_classes=("ash",)))
        print("the end", file=terminal, flush=True)
        assert "\x1b[1;31m!! class ash is lost" in shown_until("the end", master)
    os.close(master)


@pytest.mark.parametrize("name", ["[red]apple", "[/x]", ":apple:", "[bold]"])
def test_a_name_that_looks_like_markup_is_shown_as_it_is(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    console = Console()
    console.on_round_end(
        trainer_with(), round_result(0, hits=0, classes=(name, "elm"), lost_classes=(name,))
    )
    console.on_rounds_end(trainer_with(), "rounds")
    line, lost, *table = capsys.readouterr().out.splitlines()
    (lost_row,) = [row for row in table if "classes lost on the way" in row]
    assert [name in place for place in (line, lost, lost_row)] == [True, True, True]


def test_control_characters_in_a_name_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    console, name = Console(), "\x1b]0;title\x07oak\nash"
    console.on_round_end(
        trainer_with(), round_result(0, hits=0, classes=(name, "elm"), lost_classes=(name,))
    )
    console.on_rounds_end(trainer_with(), "rounds")
    printed = capsys.readouterr().out
    assert (printed.count(r"\x1b]0;title\x07oak\nash"), "\x1b" in printed) == (3, False)


def test_a_screen_that_is_not_utf8_gets_names_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    write_out_unknown(screen)
    console = Console()
    console.on_round_end(
        trainer_with(), round_result(0, hits=0, classes=("café", "elm"), lost_classes=("café",))
    )
    console.on_rounds_end(trainer_with(), "rounds")
    screen.flush()
    assert rb"class caf\xe9 is lost" in screen.buffer.getvalue()  # type: ignore[attr-defined]


def test_the_closing_table_says_what_more_labels_would_bring(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = " ".join(said(capsys, *range(6), reason="rounds").split())
    assert "with 10 more labels 85.0 % (" in words
    assert "with 20 more labels 85.0 % (" in words


def test_a_round_after_which_the_advised_rule_stops_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "ADVISED", "overall uncertainty")
    for unsure in (0.2, 0.01):
        result = round_result(3, steadiness=Steadiness(unsure))
        Console().on_round_end(trainer_with(), result)
    assert capsys.readouterr().out.count(stopping.ENOUGH) == 1
