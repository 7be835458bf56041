"""Foreign names and texts in the page, in Markdown, in tables and in figures: shown as they are,
never obeyed.
"""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import rewrite_round, write_run

from askwell.report import Report, write_report
from askwell.report.page.blocks import Picture
from askwell.report.page.wording import plain
from askwell.report.reading.names import slug
from askwell.text import visible

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https://example.org/x)",
    "a|b",
    "`a`\n\n<script>alert(1)</script>",
    "# a",
    "--><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "</style><script>alert(1)</script>",
    "{{ report }}",
    "&lt;b&gt;",
    "../../etc/passwd",
    "$\\frac{$",
    "_hidden",
    "https://example.org",
)


def hostile_report(folder: Path, text: str) -> Report:
    """The report of runs in which every text is this one."""
    for strategy in ("random", text):
        run = write_run(folder / "sweep", "lc")
        facts = dict.fromkeys(
            ["dataset", "name", "reason", "command", "git_commit", "device", "model"], text
        )
        config = {"strategy": {"_target_": "mine.Mine", text: text}, text: text}
        replace_facts(
            run,
            strategy=strategy,
            classes=[text, "1"],
            versions={text: text},
            config=config,
            **facts,
        )
        for number in range(2):
            rewrite_round(run, number, class_accuracy={text: 0.0, "1": 0.5}, lost_classes=[text])
    replace_facts(
        write_run(folder / "sweep", "lc", accuracies=()),
        status="failed",
        reason=text,
        strategy=text,
    )
    return write_report([folder / "sweep"], folder / "report")


def replace_facts(run: Path, **facts: object) -> None:
    path = run / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


@pytest.fixture(scope="module", params=HOSTILE)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Report:
    return hostile_report(tmp_path_factory.mktemp("hostile"), request.param)


class Tags(HTMLParser):
    """The tags and the names of attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_no_text_becomes_markup_of_the_page(report: Report) -> None:
    found = Tags(report.page.read_text())
    assert found.tags.isdisjoint({"script", "img", "b", "iframe", "object"})
    assert [name for name in found.attributes if name.startswith("on")] == []


def test_no_text_becomes_markup_of_the_markdown(report: Report) -> None:
    text = re.sub(r"^    .*$", "", (report.folder / "report.md").read_text(), flags=re.MULTILINE)
    unescaped = re.sub(r"\\.", "", text)  # what has a backslash before it is no sign
    unescaped = re.sub(r"!\[[^][]*\]\(plots/[\w.-]+\.svg\)", "", unescaped)
    assert re.findall(r"[<>&`\[\]]", unescaped) == []


def test_a_command_is_one_line_of_code(report: Report) -> None:
    command = visible(str(report.records.runs["name"].iloc[0]))
    lines = (report.folder / "report.md").read_text().splitlines()
    assert f"    {command}" in lines


def test_the_rows_of_a_markdown_table_have_its_columns(report: Report) -> None:
    text = (report.folder / "report.md").read_text()
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(columns) == 1


def test_every_figure_is_a_file_of_svg_below_plots(report: Report) -> None:
    files = [path for path in report.folder.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files if path.suffix == ".svg"} == {"plots"}
    assert {len(path.relative_to(report.folder).parts) for path in files} == {1, 2}
    for path in report.folder.glob("plots/*"):
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
        assert not tags & {"script", "a", "foreignObject"}


@pytest.mark.parametrize("table", ["runs.csv", "curves.csv"])
def test_the_rows_of_a_table_have_its_columns(report: Report, table: str) -> None:
    with (report.folder / table).open(newline="") as file:
        assert len({len(row) for row in csv.reader(file)}) == 1


def test_strategies_that_differ_in_signs_have_a_picture_each(tmp_path: Path) -> None:
    for strategy in ("a b", "a-b", "a/b"):
        replace_facts(write_run(tmp_path), strategy=strategy)
    report = write_report([tmp_path], tmp_path)
    names = sorted(path.stem for path in (report.folder / "plots").glob("*classes*"))
    assert names == ["mnist-a-b-classes", "mnist-a-b-classes-2", "mnist-a-b-classes-3"]


@given(st.text(), st.text())
def test_a_file_name_leads_nowhere(text: str, other: str) -> None:
    assert re.fullmatch(r"[\w-][\w.-]{0,99}", slug(text + other))


@given(st.text())
def test_an_escaped_text_is_the_text_again(text: str) -> None:
    assert re.sub(r"\\(\W|_)", r"\1", plain(text)) == text


def test_a_name_that_looks_like_a_reference_stays_in_a_figure() -> None:
    picture = Picture(
        "a", "", '<svg><g id="one"/><use href="#one"/><text>id="one" url(#one)</text></svg>'
    )
    assert (
        picture.inline
        == '<svg><g id="a:one"/><use href="#a:one"/><text>id="one" url(#one)</text></svg>'
    )
