"""The table that ends a sweep on the screen."""

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from askwell.report.measures import TARGETS
from askwell.report.tables import summary_row
from askwell.report.wording import percent
from askwell.report.writing import Report


def closing_table(report: Report) -> Table:
    """A row a strategy in each group: labels to each target, final accuracy, seeds."""
    caption = "mean ± sd over seeds; labels of the first round at or above the target"
    table = Table(caption=caption, caption_justify="left", box=SIMPLE_HEAD)
    for column in ("", *(f"to {percent(target)}" for target in TARGETS), "final accuracy", "seeds"):
        table.add_column(column, justify="right" if column else "left", no_wrap=bool(column))
    for group in report.groups:
        table.add_row(f"[bold]{escape(group.title)}[/bold]")
        for strategy in group.strategies:
            _, seeds, *to_targets, _, _, final, _ = summary_row(group, strategy)
            table.add_row(strategy, *(cell.replace(" (", "\n(") for cell in to_targets), final, seeds)  # for 80 columns
        table.add_section()
    return table
