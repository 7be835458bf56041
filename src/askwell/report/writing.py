"""The report: read the runs, compare them, write page, tables and plots."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from askwell.files import told_in_a_line
from askwell.report.files import round_table, run_table
from askwell.report.groups import Group, group_runs, with_names
from askwell.report.layout import Section
from askwell.report.overview import overviews
from askwell.report.provenance import again
from askwell.report.reading import Records, read
from askwell.report.sections import SECTIONS
from askwell.report.soundness import outside, remarks
from askwell.report.verdict import verdict
from askwell.report.wording import count, plain
from askwell.text import first_of

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(("html.j2",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["plain"] = plain
NOTHING = "no run has a measured round: there is nothing to compare"


@dataclass(frozen=True)
class Report:
    """What a set of runs says, and the folder where it is written."""

    folder: Path
    records: Records
    groups: tuple[Group, ...]

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.folder / "report.html"

    @property
    def title(self) -> str:
        """The sweeps' names, where they have any."""
        names = self.records.runs["name"].dropna().astype(str).unique()
        return first_of(sorted(names)) if len(names) else count(len(self.records.runs), "run")

    @cached_property
    def verdicts(self) -> dict[str, tuple[str, ...]]:
        """The sentences on each group, by its title; the first of each is the answer."""
        return {group.title: verdict(group) for group in self.groups}

    @cached_property
    def remarks(self) -> dict[str, list[str]]:
        """What is wrong with each group's comparison, by its title."""
        return {group.title: remarks(group) for group in self.groups}

    @property
    def stray_remarks(self) -> list[str]:
        """Why some runs belong to no group."""
        return list(outside(self.strays))

    @property
    def strays(self) -> pd.DataFrame:
        """The runs that belong to no group: they have no measured round, or do not say what they are."""
        grouped = [run for group in self.groups for run in group.everything.runs.index]
        return self.records.runs.drop(index=grouped)


def write_report(folders: Sequence[Path], output: Path) -> Report:
    """Reads every run in or below the folders and writes report.html, report.md, runs.csv, curves.csv and plots/.

    Raises:
        UserError: a folder is absent, there is no run in any, a file of a run is damaged, or `output` takes none.
    """
    records = read(folders, output)
    report = Report(output, records, group_runs(records))
    with told_in_a_line(output, "make room, or choose another --output"):
        output.mkdir(parents=True, exist_ok=True)
        told = with_names(records, report.groups)
        run_table(told, report.groups).to_csv(output / "runs.csv")
        round_table(told).to_csv(output / "curves.csv", index=False)
        write_pages(report)
    return report


def write_pages(report: Report) -> None:
    """The page as HTML and Markdown, and its plots as files."""
    parts = [(group, [section(group) for section in SECTIONS]) for group in report.groups]
    write_plots(report.folder / "plots", [section for _, sections in parts for section in sections])
    content = {
        "report": report,
        "parts": parts,
        "overviews": list(overviews(report.groups)),
        "again": again(report.records.runs),
        "nothing": NOTHING,
    }
    for suffix in (".html", ".md"):
        template = TEMPLATES.get_template(f"page{suffix}.j2")
        page = template.render(content)
        report.page.with_suffix(suffix).write_text(page, encoding="utf-8")


def write_plots(folder: Path, sections: Sequence[Section]) -> None:
    folder.mkdir(exist_ok=True)
    for section in sections:
        for picture in section.pictures:
            (folder / f"{picture.name}.svg").write_text(picture.file, encoding="utf-8")
