"""The tables and verdicts that a sweep ends with on the screen."""

from collections.abc import Iterator

from rich.box import SIMPLE_HEAD
from rich.console import Group as Lines
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from askwell.learning_curve import DEFINITION
from askwell.report.groups.group import Group
from askwell.report.page.wording import percent
from askwell.report.report import NOTHING, Report
from askwell.report.sections.labels_to_accuracy import summary_row


def closing(report: Report) -> RenderableType:
    """Each group's title, table and verdict, to be read on 80 columns."""
    if not report.groups:
        return Text(NOTHING)
    note = Text(f"mean ± sd over seeds; labels to a target: {DEFINITION}", "italic")
    return Lines(*(line for group in report.groups for line in closing_lines(group, report)), note)


def closing_lines(group: Group, report: Report) -> Iterator[RenderableType]:
    yield Text(group.title, "bold")
    yield closing_table(group)
    yield Text(" ".join(report.verdicts[group.title]) + "\n")


def closing_table(group: Group) -> Table:
    """One row per strategy: labels to each target, final accuracy, seeds."""
    table = Table(box=SIMPLE_HEAD)
    table.add_column("strategy")
    for column in (
        *(f"to {percent(target)}" for target in group.targets),
        "final accuracy",
        "seeds",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    for strategy in group.strategies:
        _, seeds, *to_targets, _, _, final, _ = summary_row(group, strategy)
        table.add_row(
            Text(strategy), *(cell.replace(" (", "\n(") for cell in to_targets), final, seeds
        )
    return table
