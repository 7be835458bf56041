import re
import sys
from html.parser import HTMLParser
from io import StringIO
from itertools import product
from pathlib import Path
from subprocess import run as run_process
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import group_of, rewrite_round, write_run
from rich.console import Console

from askwell.report import Report, closing, write_report
from askwell.report.page.scale import ACCURACY_TICKS, spaced, stretched
from askwell.report.page.wording import plain
from askwell.report.sections.labels_to_accuracy import summary
from askwell.report.sections.queries import query_shares
from askwell.report.sections.timing import timing

STRATEGIES = ("random", "lc", "b")
DATASET = "<b>&"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The report of three strategies on a data set whose name HTML must escape, and of a run that
    failed at once.
    """
    sweep = tmp_path_factory.mktemp("sweep")
    for strategy in STRATEGIES:
        for seed in range(5):
            write_run(sweep, strategy, seed, (0.5, 0.91, 0.96), dataset=DATASET)
    write_run(sweep, "lc", 9, (), dataset=None, status="failed", reason="no memory")
    return write_report([sweep], sweep)


def test_the_page_is_well_formed(report: Report) -> None:
    checker = Balance()
    checker.feed(report.page.read_text())
    assert checker.open == []


def test_the_page_needs_no_network(report: Report) -> None:
    assert not re.search(r'(src|href)="(?!#|data:)|url\((?!#)|@import', report.page.read_text())


def test_names_are_escaped(report: Report) -> None:
    assert DATASET not in report.page.read_text()


def test_no_two_elements_of_the_page_share_an_id(report: Report) -> None:
    ids = re.findall(r'\bid="([^"]+)"', report.page.read_text())
    assert len(ids) == len(set(ids))


def test_every_link_of_the_page_has_its_target(report: Report) -> None:
    page = report.page.read_text()
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'\bid="([^"]+)"', page))


def test_every_plot_of_the_markdown_is_a_file_of_svg(report: Report) -> None:
    plots = re.findall(r"\]\((plots/[^)]+)\)", (report.folder / "report.md").read_text())
    assert plots
    assert {ElementTree.parse(report.folder / plot).getroot().tag[-3:] for plot in plots} == {"svg"}


def test_names_break_no_table_of_the_markdown(tmp_path: Path) -> None:
    for strategy in ("random", "a|*b*"):
        write_run(tmp_path, strategy, name="_x_ [y]")
    write_report([tmp_path], tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert text.startswith("# Askwell report: \\_x\\_ \\[y\\]\n")
    assert "| a\\|\\*b\\* | 1 |" in text


@pytest.mark.parametrize("name", ["mnist_mini", "lr 0.001", "k128"])
def test_names_that_markdown_leaves_alone_stay_as_they_are(name: str) -> None:
    assert plain(name) == name


@given(
    st.lists(st.sampled_from(ACCURACY_TICKS), min_size=1, unique=True).map(sorted),
    st.floats(0.01, 1),
)
def test_numbers_at_the_axis_never_touch(ticks: list[float], least: float) -> None:
    places = stretched(spaced(ticks, least))
    assert (-np.diff(places) >= least).all()
    assert places[0] == stretched(ticks[-1])


def test_a_run_that_failed_at_once_is_named(report: Report) -> None:
    assert "failed, no memory" in report.page.read_text()


def test_the_run_table_has_a_row_a_run(report: Report) -> None:
    table = pd.read_csv(report.folder / "runs.csv")
    assert table["compared"].sum() == len(table) - 1 == 15


@pytest.mark.parametrize("table", ["runs.csv", "curves.csv"])
def test_the_tables_call_a_strategy_as_the_page_does(tmp_path: Path, table: str) -> None:
    for beta in (1, 2):
        write_run(tmp_path, "mine", config={"strategy": {"_target_": "mine.Mine", "beta": beta}})
    write_report([tmp_path], tmp_path)
    assert set(pd.read_csv(tmp_path / table)["strategy"]) == {"mine beta 1", "mine beta 2"}


def test_the_run_table_has_the_labels_to_the_targets_alone(report: Report) -> None:
    table = pd.read_csv(report.folder / "runs.csv")
    assert [name for name in table if name.startswith("labels_to_")] == [
        "labels_to_90",
        "labels_to_95",
        "labels_to_97",
    ]


def test_the_curve_table_has_a_row_a_run_and_round(report: Report) -> None:
    table = pd.read_csv(report.folder / "curves.csv")
    assert len(table[["run", "round"]].drop_duplicates()) == len(table) == 45


def test_the_curve_table_holds_each_class(report: Report) -> None:
    table = pd.read_csv(report.folder / "curves.csv")
    assert (table["class_accuracy_1"] == table["accuracy"]).all()


def test_the_same_runs_give_the_same_page(report: Report) -> None:
    page = report.page.read_text()
    assert write_report([report.folder], report.folder).page.read_text() == page


def test_the_closing_table_has_a_row_a_strategy(report: Report) -> None:
    assert re.findall(r"^ +(random|lc|b) ", closing_lines(report), flags=re.M) == [
        "random",
        "b",
        "lc",
    ]


def test_on_the_screen_each_group_has_its_title_table_and_verdict(tmp_path: Path) -> None:
    for dataset, strategy in product(("[b]mnist", "fruits"), ("random", "lc")):
        write_run(tmp_path / dataset, strategy, dataset=dataset)
    lines = closing_lines(
        write_report([tmp_path / "[b]mnist", tmp_path / "fruits"], tmp_path)
    ).splitlines()
    starts = [
        line.split(maxsplit=1)[0]
        for line in lines
        if re.match(r"\[b\]mnist$|fruits$| +lc |To reach", line)
    ]
    assert starts == ["[b]mnist", "lc", "To", "fruits", "lc", "To"]


def closing_lines(report: Report) -> str:
    """What ends a sweep on a screen of 80 columns."""
    console = Console(file=StringIO(), width=80)
    console.print(closing(report))
    return console.file.getvalue()


def test_a_sweep_whose_runs_all_failed_still_has_a_report(tmp_path: Path) -> None:
    write_run(tmp_path, "lc", 0, (), status="failed", reason="no memory")
    assert "nothing to compare" in closing_lines(write_report([tmp_path], tmp_path))


def test_a_run_of_one_round_has_a_report(tmp_path: Path) -> None:
    write_run(tmp_path, "random", 0, (0.5,))
    assert write_report([tmp_path], tmp_path).page.exists()


def test_names_of_any_length_make_files(tmp_path: Path) -> None:
    for variety in ("a", "b"):
        classes = [f"{variety} fruit with a name as long as this {number}" for number in range(9)]
        write_run(tmp_path / "sweep", classes=classes)
    report = write_report([tmp_path / "sweep"], tmp_path / "report")
    names = [file.name for file in (tmp_path / "report" / "plots").iterdir()]
    assert (len(report.groups), len(names) > 2, max(map(len, names)) < 120) == (2, True, True)


def test_a_target_reached_by_some_runs_says_by_how_many(tmp_path: Path) -> None:
    write_run(tmp_path, seed=0, accuracies=(0.5, 0.95))
    write_run(tmp_path, seed=1, accuracies=(0.5, 0.94))
    assert summary(group_of(tmp_path)).rows[0][3] == "20 (1 of 2)"


def test_labels_to_a_target_are_mean_and_sample_deviation(tmp_path: Path) -> None:
    write_run(tmp_path, seed=0, accuracies=(0.9,))
    write_run(tmp_path, seed=1, accuracies=(0.5, 0.5, 0.9))
    assert summary(group_of(tmp_path)).rows[0][2] == "20 ± 14"


def test_the_timing_table_splits_a_round(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert timing(group_of(tmp_path)).rows[0] == (
        "random",
        "1.00 s",
        "2.00 s",
        "1.00 s",
        "4.00 s",
        "50 %",
        "9.00 s",
    )


def test_queried_classes_leave_the_initial_set_out(tmp_path: Path) -> None:
    rewrite_round(
        write_run(tmp_path, accuracies=(0.5, 0.6, 0.7)), 0, query_class_counts={"0": 10, "1": 0}
    )
    assert query_shares(group_of(tmp_path).classes).loc["random"].to_list() == pytest.approx(
        [0.4, 0.6]
    )


def test_a_report_does_not_import_torch() -> None:
    code = "import sys, askwell.report; sys.exit('torch' in sys.modules)"
    assert run_process([sys.executable, "-c", code]).returncode == 0


class Balance(HTMLParser):
    """The tags that are open, innermost last."""

    VOID = ("meta", "br", "hr", "img", "link")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing, at {self.getpos()}")
