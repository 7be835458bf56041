"""The table that BENCHMARKS.md opens with, made from bench/results and nothing else."""

from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

from bench.pages import BENCHMARKS, table, write
from bench.publishing import Row, rows_of

MARK = "tables"
HEAD = ["what", "before, or elsewhere", "Askwell", "the limit", "`python -m`"]

Rows = list[Row]


class Line(NamedTuple):
    """One row: what is measured, by which script, and three cells from the rows of its JSON."""

    what: str
    script: str
    before: Callable[[Rows], str]
    after: Callable[[Rows], str]
    limit: Callable[[Rows], str]


def cell(column: str, form: str, **of: Any) -> Callable[[Rows], str]:
    """A column of the row whose other columns are as in `of`, formatted."""

    def read(rows: Rows) -> str:
        (value,) = {row[column] for row in rows if of.items() <= row.items()}
        return form.format(value)

    return read


def nothing(rows: Rows) -> str:
    return ""


SPEED = ("images/s", "{:,.0f} images/s")
RUN, SWEEP = ("seconds", "{:,.0f} s"), ("seconds", "{:,.0f} s")
START, BEFORE = ("seconds", "{:.2g} s"), ("before, seconds", "{:.2g} s")
KEYS = ("median ms", "{:,.0f} ms")
LINES = [
    Line(
        "Scoring 60,000 MNIST images; before: Lightning's `predict`; limit: a large `torch.mm`",
        "scoring",
        cell(*SPEED, contender="Lightning predict"),
        cell(*SPEED, contender="Askwell, compiled"),
        cell(*SPEED, contender="limit: a large torch.mm"),
    ),
    Line(
        "The paper's run on MNIST; before: Lightning and torchvision; limit: a bare loop",
        "run",
        cell(*RUN, program="Lightning + torchvision"),
        cell(*RUN, program="Askwell: all of train.py"),
        cell(*RUN, program="bare loop, same kernels"),
    ),
    Line(
        "A sweep of 25 jobs on two cores; before: one after the other; limit: processes apart",
        "sweep",
        cell(*SWEEP, sweep="jobs=1: one after the other"),
        cell(*SWEEP, sweep="jobs=auto"),
        cell(*SWEEP, sweep="independent processes, a share of the jobs each"),
    ),
    Line(
        "From the command to the first training step; limit: the imports",
        "start",
        cell(*BEFORE, start="train.py to its first training step"),
        cell(*START, start="train.py to its first training step"),
        cell(*START, start="importing torch, Lightning and Hydra"),
    ),
    Line(
        "`askwell --help`",
        "start",
        cell(*BEFORE, start="askwell --help"),
        cell(*START, start="askwell --help"),
        nothing,
    ),
    Line(
        "To find that a sweep of 200 jobs lacks nothing; limit: the imports of one that does",
        "start",
        cell(*BEFORE, start="resume=true of a finished sweep"),
        cell(*START, start="resume=true of a finished sweep"),
        cell(*START, start="importing torch, Lightning and Hydra"),
    ),
    Line(
        "Heads on MNIST, ten seeds of twenty rounds, the whole pool scored in each",
        "head",
        nothing,
        lambda rows: f"{median(row['seconds'] for row in rows):.0f} s",
        nothing,
    ),
    Line(
        "A query of 100 among 60,000 by k-centre; elsewhere: scikit-activeml",
        "strategy_peers",
        cell("peer, s", "{:.2g} s", strategy="k-centre", query=100),
        cell("Askwell, s", "{:.2g} s", strategy="k-centre", query=100),
        nothing,
    ),
    Line(
        "A query of 100 among a million, the slowest strategy",
        "strategies",
        nothing,
        lambda rows: f"{max(row['seconds'] for row in rows):.0f} s",
        nothing,
    ),
    Line(
        "6,451 fruits once, from the second start on; elsewhere: torchvision's `ImageFolder`",
        "fruits",
        cell("seconds", "{:.1f} s", start="ImageFolder", until="every image once"),
        cell("seconds", "{:.2f} s", start="Askwell, warm store", until="every image once"),
        nothing,
    ),
    Line(
        "From a key to the next image on the page; elsewhere: Label Studio",
        "label_studio",
        cell(*KEYS, page="Label Studio 1.23.0", by="keys"),
        cell(*KEYS, page="askwell label", by="keys"),
        nothing,
    ),
]


def main() -> None:
    """Writes the table between its marks."""
    write(BENCHMARKS, MARK, tables())


def tables() -> str:
    return table(HEAD, [row(line) for line in LINES])


def row(line: Line) -> list[str]:
    rows = rows_of(line.script)
    cells = [of(rows) for of in (line.before, line.after, line.limit)]
    return [line.what, *cells, f"`bench.{line.script}`"]


if __name__ == "__main__":
    main()
