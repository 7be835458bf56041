"""A strategy says how it is shown; one that does not gets the next colour and marker."""

from html import escape
from pathlib import Path
from typing import Any

import pytest
from report_runs import group_of, write_run
from test_strategy import load

from askwell.report import write_report
from askwell.report.groups.group import Group
from askwell.report.page.palette import COLOURS, looks
from askwell.report.reading.schema import Appearance, Run, read_as
from askwell.report.sections.classes import lost_classes
from askwell.strategy.appearance import PARTS, appearance_of

CONF = Path(__file__).parent.parent / "conf" / "strategy"
BUILT_IN = sorted(file.stem for file in CONF.glob("*.yaml"))
TWENTY = [f"mine {number:02}" for number in range(20)]


def group_with(folder: Path, appearances: dict[str, dict[str, Any] | None]) -> Group:
    for strategy, appearance in appearances.items():
        write_run(folder, strategy, appearance=appearance)
    return group_of(folder)


@pytest.mark.parametrize("choice", BUILT_IN)
def test_a_strategy_of_askwell_says_how_it_is_shown(choice: str) -> None:
    appearance = appearance_of(load(choice))
    run = read_as(Run, {"status": "finished", "appearance": appearance})
    assert run.appearance == Appearance(**appearance)
    assert list(appearance) == list(PARTS)


def test_no_two_strategies_of_askwell_look_alike() -> None:
    shown = [appearance_of(load(each)) for each in BUILT_IN]
    for part in PARTS:
        assert len({appearance[part] for appearance in shown}) == len(BUILT_IN)


def test_a_strategy_that_is_a_function_says_nothing() -> None:
    assert appearance_of(lambda candidates, size, generator: None) == {}


def test_a_title_is_used_in_sentences(tmp_path: Path) -> None:
    group = group_with(tmp_path, {"lc": {"title": "least confidence"}})
    group.curves.at[group.curves.index[1], "lost_classes"] = ("9",)
    assert list(lost_classes(group)) == ["least confidence lost class 9 in round 1 of seed 0."]


def test_a_strategy_without_a_title_is_called_by_its_name(tmp_path: Path) -> None:
    assert group_with(tmp_path, {"mine": None}).titles == {"mine": "mine"}


def test_strategies_of_one_title_are_called_by_their_names(tmp_path: Path) -> None:
    titles = group_with(tmp_path, {"a": {"title": "best"}, "b": {"title": "best"}}).titles
    assert titles == {"a": "a", "b": "b"}


def test_variants_of_a_strategy_keep_its_title_and_leave_its_colour(tmp_path: Path) -> None:
    for beta in (1, 2):
        config = {"strategy": {"_target_": "mine.Mine", "beta": beta}}
        appearance = {"title": "my own", "colour": "#123456"}
        write_run(tmp_path, "mine", config=config, appearance=appearance)
    group = group_of(tmp_path)
    assert group.titles == {"mine beta 1": "my own beta 1", "mine beta 2": "my own beta 2"}
    assert {look["color"] for look in looks(group.appearances).values()} == set(COLOURS[:2])


def test_a_strategy_has_its_own_colour_and_marker(tmp_path: Path) -> None:
    group = group_with(tmp_path, {"sm": {"colour": "#009E73", "marker": "^"}, "mine": None})
    assert looks(group.appearances)["sm"] == {"color": "#009e73", "marker": "^"}


def test_random_is_grey_also_where_a_former_run_does_not_say_so(tmp_path: Path) -> None:
    grey = looks(group_with(tmp_path, {"random": None, "mine": None}).appearances)["random"]
    assert grey == {"color": "#8a8a8a", "marker": "o"}


def test_twenty_strategies_look_different_and_always_the_same(tmp_path: Path) -> None:
    appearances = {"random": None, "sm": {"colour": COLOURS[0], "marker": "^"}}
    group = group_with(tmp_path, appearances | dict.fromkeys(TWENTY))
    shown = looks(group.appearances)
    assert len({tuple(look.values()) for look in shown.values()}) == 22
    assert [name for name, look in shown.items() if look["color"] == COLOURS[0]] == ["sm"]
    assert looks(group_of(tmp_path).appearances) == shown


def test_of_two_strategies_that_claim_one_colour_the_first_has_it() -> None:
    claimed = Appearance(colour="#123456", marker="o")
    shown = looks({"a": claimed, "b": claimed})
    assert (shown["a"]["color"], shown["b"]["color"]) == ("#123456", COLOURS[0])
    assert shown["a"]["marker"] != shown["b"]["marker"]


@pytest.mark.parametrize(
    "foreign",
    [
        {"colour": "red; } body { display: none"},
        {"colour": "url(http://example.org)"},
        {"colour": 7},
        {"marker": "$\\infty$"},
        {"marker": "None"},
        {"marker": ["o"]},
        {"title": "long " * 100},
        {"title": "two\nlines"},
        {"title": ""},
        "no dictionary",
        7,
    ],
)
def test_what_cannot_be_shown_is_as_if_it_were_not_there(foreign: Any) -> None:
    run = read_as(Run, {"status": "finished", "appearance": foreign})
    assert run.appearance in (None, Appearance())


def test_a_title_becomes_no_markup(tmp_path: Path) -> None:
    title = "<script>alert(1)</script>"
    write_run(tmp_path, "mine", appearance={"title": title})
    page = write_report([tmp_path], tmp_path).page.read_text()
    assert title not in page
    assert escape(title) in page


def test_an_appearance_is_in_no_table(tmp_path: Path) -> None:
    write_run(tmp_path, "mine", appearance={"title": "my own"})
    write_report([tmp_path], tmp_path)
    assert "my own" not in (tmp_path / "runs.csv").read_text()
