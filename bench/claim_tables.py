"""The tables about the claims: each cell is a figure, by the arm of its row and the measure of its
column.
"""

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from askwell.report.findings.verdict import judge
from askwell.report.groups.group import BASELINE
from askwell.report.sections.learning_curves import learning_curves
from bench.arms import NotPackedError, sweep
from bench.figures import arm, figure, needs_two
from bench.grids import GRIDS, Grid
from bench.pages import table

WIDTH = 100
"""Of a line of text."""

PICTURES = {
    "mini-curves": "mini",
    "mnist-curves": "mnist",
    "mnist-late-curves": "mnist_late",
    "fruits-curves": "fruits",
    "fashion-curves": "fashion",
    "few-labels-curves": "few_labels",
}
"""The sweeps whose learning curves are in docs/, by the names of the files."""


def blocks() -> Iterator[tuple[Path, str, str]]:
    """Pages, names of their blocks, and the tables in these, where all runs are packed."""
    for name, grid in GRIDS.items():
        try:
            yield grid.page, name, shown(grid)
        except NotPackedError:
            continue


def shown(grid: Grid) -> str:
    """A table, how many seeds it is of, and the report's verdict."""
    measures = grid.measures.values()
    rows = [[*cells, *(cell(name, one) for one in measures)] for cells, name in grid.rows]
    body = table([*grid.names, *grid.measures], rows)
    return f"{body}\n\n{fill(said(grid), WIDTH)}" if grid.seeds else body


def said(grid: Grid) -> str:
    """How many seeds the means are of, and the report's verdict."""
    counts = sorted({len(arm(name).runs) for _, name in grid.rows})
    seeds = " to ".join(f"{count}" for count in sorted({counts[0], counts[-1]}))
    sentences = judge(sweep(grid.verdict).group).sentences if grid.verdict else ()
    return " ".join([f"Mean ± standard deviation, {seeds} seeds.", *sentences])


def cell(name: str, measure: str) -> str:
    """The figure of an arm; random is not compared with itself."""
    if name.endswith(f".{BASELINE}") and needs_two(measure):
        return ""
    return figure(f"{name}.{measure}")


def pictures() -> Iterator[tuple[str, str]]:
    """The names of files in docs/ and their learning curves as SVG, where the runs are packed."""
    for file, name in PICTURES.items():
        try:
            (picture,) = learning_curves(sweep(name).group)
        except NotPackedError:
            continue
        yield f"{file}.svg", picture.file
