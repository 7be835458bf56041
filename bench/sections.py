"""The tables of BENCHMARKS.md that are the rows of one script, made from bench/results alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bench.pages import table
from bench.publishing import Row, rows_of


class Section(NamedTuple):
    """The column of the JSON that names a row, rows and what they are called, heads of the other
    columns with what they show and its format.
    """

    named_by: str
    rows: Mapping[str, str]
    columns: Mapping[str, tuple[str, str]]


SECTIONS = {
    "run": Section(
        "program",
        {
            "Askwell: all of train.py": "Askwell: all of train.py",
            "bare loop, same kernels": "[bench/bare.py](bench/bare.py): the same kernels, no "
            "framework, no files",
            "Lightning + torchvision": "[bench/baseline.py](bench/baseline.py): Lightning and "
            "torchvision, an afternoon's work",
        },
        {
            "seconds": ("seconds", ",.0f"),
            "relative to Askwell": ("of ours", ".2f"),
            "accuracy": ("accuracy", ".1%"),
        },
    ),
    "sweep": Section(
        "sweep",
        {
            "jobs=1: one after the other": "`jobs=1`: one after the other",
            "jobs=auto": "`jobs=auto`: two at once",
            "independent processes, a share of the jobs each": "independent processes, one for "
            "each core",
        },
        {"seconds": ("seconds", ",.0f"), "of `jobs=1`": ("of jobs=1", ".2f")},
    ),
    "embedding": Section(
        "contender",
        {
            "Askwell, into its file": "**Askwell, into its file**",
            "Askwell's network, not folded, into memory": "the same network, batch norm not "
            "folded, into memory",
            "plain loop, into memory": "plain loop, into memory",
        },
        {"images a second": ("images/s", ",.0f"), "of the plain loop": ("plain loop ×", ".1f")},
    ),
    "start": Section(
        "start",
        {
            "importing torch, Lightning and Hydra": "`import torch, pytorch_lightning, hydra`",
            "train.py to its first training step": "`train.py` to the end of its first training "
            "step",
            "the same with logger=none": "the same with `logger=none`",
            "askwell --help": "`askwell --help`",
            "resume=true of a finished sweep": "`resume=true` of a finished sweep of 200 jobs",
        },
        {
            "seconds": ("seconds", ".2f"),
            "of the imports": ("of the imports", ".2f"),
            "before": ("before, seconds", ".2f"),
            "before, of the imports": ("before, of the imports", ".2f"),
        },
    ),
}
"""By the name of the script, which is that of the table's marks."""


def tables() -> Iterator[tuple[str, str]]:
    """The name and the table of each section."""
    yield "strategy_peers", peers(rows_of("strategy_peers"))
    for script, section in SECTIONS.items():
        found = {row[section.named_by]: row for row in rows_of(script)}
        lines = [
            [
                title,
                *(shown(found[name][column], form) for column, form in section.columns.values()),
            ]
            for name, title in section.rows.items()
        ]
        yield script, table(["", *section.columns], lines)


def peers(rows: Sequence[Row]) -> str:
    """Askwell and a peer at the same work, with the ratio of the fastest run of each."""
    head = ["strategy", "peer", "images", "query", "Askwell", "peer", "times as fast"]
    more = ["by the fastest runs", "same images", "Askwell, memory", "peer, memory"]
    lines = []
    for each in rows:
        fastest = min(each["runs"]["peer"]) / min(each["runs"]["Askwell"])
        times = [f"{times:.1f} ×" for times in (each["times as fast"], fastest)]
        numbers = (f"{each[name]:,}" for name in ("images", "query"))
        seconds = (f"{each[name]:.3g} s" for name in ("Askwell, s", "peer, s"))
        memory = (f"{each[name]:,} MB" for name in ("Askwell, MB", "peer, MB"))
        names = [each["strategy"], each["peer"]]
        lines.append([*names, *numbers, *seconds, *times, each["same images"], *memory])
    return table([*head, *more], lines)


def shown(value: Any, form: str) -> str:
    """A number as it is printed; nothing for none."""
    return "" if value is None else format(value, form).replace("%", " %")
