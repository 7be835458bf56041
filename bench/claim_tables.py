"""The tables about the claims: each cell is a figure, by the arm of its row and the measure of its
column.
"""

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from askwell.report.findings.verdict import judge
from askwell.report.groups.group import BASELINE
from askwell.report.sections.learning_curves import learning_curves
from askwell.text import listing
from bench import claims
from bench.arms import NotPackedError, packed_claims, sweep
from bench.figures import arm, figure, needs_two
from bench.grids import GRIDS, Grid
from bench.pages import RESULTS, table

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

TRAINED_ON = {
    "supervised": "labelled images",
    "ssl": "rows of an encoder that learned from the pool",
    "semi": "labelled and unlabelled images (FixMatch)",
}
STRATEGIES, ROUNDS_OF_ALL = claims.WAYS["ssl"][0], 3

SAVED = {
    "mini.sm": ("4,000 digits, 32 labels per query", 95),
    "mnist.sm": ("MNIST, 128 labels per query", 97),
    "few_labels.sm": ("MNIST, 64 per query, deformed images, 20 epochs per round", 97),
    "fashion.sm": ("Fashion-MNIST, 128 labels per query", 85),
}
"""What smallest margin saves: arms, what they are called, and a target in percent."""


def blocks() -> Iterator[tuple[Path, str, str]]:
    """Pages, names of their blocks, and the tables in these, where all runs are packed."""
    for name, grid in GRIDS.items():
        try:
            yield grid.page, name, shown(grid)
        except NotPackedError:
            continue
    if rows := list(savings()):
        head = ["", "accuracy", "labels of random", "of `sm`", "saved, %", "95 % interval"]
        yield RESULTS, "saved", table(head, rows)
    if rows := list(ways()):
        strategies = [f"`{one}`" for one in STRATEGIES]
        yield (
            RESULTS,
            "ways",
            table(["trained on", "labels per query", "labels", *strategies], rows),
        )
    if packed_claims():
        yield RESULTS, "origin", origin()


def savings() -> Iterator[list[str]]:
    """A row for each of SAVED whose runs are packed."""
    for own, (title, target) in SAVED.items():
        random = f"{own.split('.')[0]}.{BASELINE}"
        names = [f"{random}.to", f"{own}.to", f"{own}.saves", f"{own}.saves_interval"]
        try:
            yield [title, f"{target} %", *(figure(f"{name}_{target}") for name in names)]
        except NotPackedError:
            continue


def ways() -> Iterator[list[str]]:
    """A row for each size of queries and way of training whose runs are packed: the accuracy by
    strategy after as many rounds as all ways have.
    """
    for size in claims.WAYS["ssl"][1]:
        for way, title in TRAINED_ON.items():
            strategies, sizes = claims.WAYS[way]
            labels = size * ROUNDS_OF_ALL
            names = {one: f"{way}_{size}.{one}.at_{labels}" for one in strategies}
            try:
                found = {one: figure(name) for one, name in names.items() if size in sizes}
            except NotPackedError:
                continue
            if found:
                cells = [found.get(one, "") for one in STRATEGIES]
                yield [title, f"{size}", f"{labels}", *cells]


def origin() -> str:
    """How many runs of claims are packed, of which commits, and on what they ran."""
    runs = packed_claims()
    commits, devices = (sorted({run[name] for run in runs}) for name in ("git_commit", "device"))
    text = f"{len(runs)} packed runs, of {listing(commits)}, on {listing(devices)}."
    return fill(text, WIDTH)


def shown(grid: Grid) -> str:
    """A table, how many seeds it is of, and the report's verdict."""
    measures = grid.measures.values()
    rows = [[*cells, *(cell(name, one) for one in measures)] for cells, name in grid.rows]
    body = table([*grid.names, *grid.measures], rows)
    return f"{body}\n\n{fill(said(grid), WIDTH)}" if grid.seeds else body


def said(grid: Grid) -> str:
    """How many seeds the means are of, and the report's verdict."""
    counts = sorted({len(arm(own_of(name)).runs) for _, name in grid.rows})
    seeds = " to ".join(f"{count}" for count in sorted({counts[0], counts[-1]}))
    sentences = judge(sweep(grid.verdict).group).sentences if grid.verdict else ()
    return " ".join([f"Mean ± standard deviation, {seeds} seeds.", *sentences])


def cell(name: str, measure: str) -> str:
    """The figure of an arm, and of the other one that it is compared with; random is not compared
    with itself.
    """
    if not needs_two(measure):
        return figure(f"{own_of(name)}.{measure}")
    is_baseline = name == own_of(name) and name.endswith(f".{BASELINE}")
    return "" if is_baseline else figure(f"{name}.{measure}")


def own_of(name: str) -> str:
    """The first arm of two."""
    return name.split("/")[0]


def pictures() -> Iterator[tuple[str, str]]:
    """The names of files in docs/ and their learning curves as SVG, where the runs are packed."""
    for file, name in PICTURES.items():
        try:
            (picture,) = learning_curves(sweep(name).group)
        except NotPackedError:
            continue
        yield f"{file}.svg", picture.file
