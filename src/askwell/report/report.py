"""The report: read the runs, compare them, write page, tables and plots."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from askwell.files import told_in_a_line, write_whole
from askwell.report.csv_files import round_table, run_table
from askwell.report.findings.faults import remarks
from askwell.report.findings.left_out import outside
from askwell.report.findings.verdict import verdict
from askwell.report.groups.group import Group
from askwell.report.groups.grouping import group_runs, with_names
from askwell.report.page.blocks import Section
from askwell.report.page.destination import refuse_links
from askwell.report.page.wording import count, plain
from askwell.report.reading.names import distinct
from askwell.report.reading.records import Records, read
from askwell.report.sections import SECTIONS
from askwell.report.sections.origin import again
from askwell.report.sections.overview import overviews
from askwell.text import first_of

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "page"),
    autoescape=select_autoescape(("html.j2",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["plain"] = plain
SUFFIXES = (".html", ".md")
PLOTS = "plots"
ADVICE = "make room, or choose another --output"
NOTHING = "no run has a measured round: there is nothing to compare"


@dataclass(frozen=True)
class Report:
    """The results of a set of runs, and the folder where they are written."""

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
        """The runs that belong to no group: they have no measured round, or their data set,
        strategy or seed is unknown.
        """
        grouped = [run for group in self.groups for run in group.everything.runs.index]
        return self.records.runs.drop(index=grouped)


def write_report(folders: Sequence[Path], output: Path) -> Report:
    """Reads every run in or below the folders and writes report.html, report.md, runs.csv,
    curves.csv and plots/.

    Raises:
        UserError: a folder is absent, there is no run in any, a file of a run is damaged, or
        `output` takes none.
    """
    refuse_links(output, folders)
    records = read(folders, output)
    report = Report(output, records, group_runs(records))
    files = tables(report) | pages(report)
    for folder in (output, output / PLOTS):
        with told_in_a_line(folder, ADVICE):
            folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_whole(output / name, text.encode(), ADVICE)
    return report


def tables(report: Report) -> dict[str, str]:
    """The tables for other programs, by file name."""
    named = with_names(report.records, report.groups)
    runs, rounds = run_table(named, report.groups), round_table(named)
    return {"runs.csv": runs.to_csv(), "curves.csv": rounds.to_csv(index=False)}


def pages(report: Report) -> dict[str, str]:
    """The page as HTML and Markdown, and its plots as files of their own, by file name."""
    sections = iter(
        with_distinct_pictures([section(group) for group in report.groups for section in SECTIONS])
    )
    anchors = distinct([group.slug for group in report.groups])
    parts = [
        (anchor, group, list(islice(sections, len(SECTIONS))))
        for anchor, group in zip(anchors, report.groups, strict=True)
    ]
    content = {
        "report": report,
        "parts": parts,
        "overviews": list(overviews(report.groups)),
        "again": again(report.records.runs),
        "nothing": NOTHING,
    }
    texts = {
        f"report{suffix}": TEMPLATES.get_template(f"page{suffix}.j2").render(content)
        for suffix in SUFFIXES
    }
    pictures = [
        picture for _, _, sections in parts for section in sections for picture in section.pictures
    ]
    return texts | {f"{PLOTS}/{picture.name}.svg": picture.file for picture in pictures}


def with_distinct_pictures(sections: Sequence[Section]) -> list[Section]:
    """The sections with pictures of different names: two strategies may differ only in characters
    that no file name has.
    """
    names = iter(distinct([picture.name for section in sections for picture in section.pictures]))
    return [
        replace(
            section,
            pictures=tuple(replace(picture, name=next(names)) for picture in section.pictures),
        )
        for section in sections
    ]
