"""What the tables about the claims have in their rows and columns."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.claims import FIVE, UNSURE
from bench.pages import README, RESULTS

Row = tuple[Sequence[str], str]
"""The cells that name a row, and its arm: `sweep.strategy`, with `/sweep.strategy` where it is
compared with another one than random of its sweep.
"""


class Grid(NamedTuple):
    """The heads of the columns that name a row, the rows, and the measures by their heads."""

    names: Sequence[str]
    rows: Sequence[Row]
    measures: Mapping[str, str]
    verdict: str | None = None  # the sweep of which the report's sentences follow the table
    page: Path = RESULTS
    seeds: bool = True  # whether their number follows the table


def compared(
    name: str,
    measures: Mapping[str, str],
    strategies: Sequence[str] = FIVE,
    verdict: bool = True,
) -> Grid:
    """A row for each strategy of a sweep, and what the report says of them."""
    rows = [((f"`{strategy}`",), f"{name}.{strategy}") for strategy in strategies]
    return Grid(("strategy",), rows, measures, name if verdict else None)


def by_setting(settings: Mapping[str, Sequence[str]], strategies: Sequence[str]) -> list[Row]:
    """A row for each sweep, which the cells describe, and strategy."""
    return [
        ((*cells, f"`{strategy}`"), f"{name}.{strategy}")
        for name, cells in settings.items()
        for strategy in strategies
    ]


def targets(*percents: float) -> dict[str, str]:
    """Columns of the labels to targets."""
    heads = [f"to {one:g} %" for one in percents]
    heads[0] = f"labels {heads[0]}"
    return {head: f"to_{one:g}" for head, one in zip(heads, percents, strict=True)}


def at_end(labels: str) -> dict[str, str]:
    return {f"accuracy at {labels}, %": "end"}


AREA = {"area, %": "area", "area against random": "verdict"}
SECONDS = {"seconds per run: train + score + evaluate": "seconds"}
WORST = {"worst class, %": "worst"}
PAPER = {**WORST, **targets(90, 95, 97, 98), **AREA, **SECONDS}
BINARY = {**targets(95, 98, 99), **AREA, **at_end("208")}
VARIETY = {
    "mean distance in a query": "distance",
    "near-duplicates, %": "duplicates",
    "class entropy of a query": "evenness",
}
COST = {
    "training, s": "train",
    "scoring, s": "score",
    "evaluation, s": "eval",
    "scoring's share, %": "score_share",
}
PAIR, SURE = ("random", "sm"), ("random", "lc")
SIZES = {
    "mini": ("32", "1"),
    "k128": ("128", "1"),
    "k512": ("512", "1"),
    "k128_4_epochs": ("128", "4"),
    "k512_16_epochs": ("512", "16"),
}
AT_FIRST = {
    **{f"accuracy at {labels}, %": f"at_{labels}" for labels in (128, 192, 256)},
    **at_end("384"),
    **AREA,
    "class entropy of a query": "evenness",
}
CHANGES = {
    "begin_{}.stochastic/begin.random": "`strategy=stochastic`",
    "begin_{}.stratified/begin.random": "`strategy=stratified`",
    "begin_part.{}/begin.random": "`protocol.candidates=1000`",
}
"""Arms with each of UNSURE in the place of the braces, and what they change."""


def changed(*strategies: str) -> Grid:
    """A row for each of UNSURE that is named and each of CHANGES."""
    rows = [
        ((f"`{one}`", change), name.format(one))
        for one in strategies
        for name, change in CHANGES.items()
    ]
    return Grid(("strategy", "change"), rows, AT_FIRST)


STARTS = {f"{start}_{n}": (start, f"{n}") for n in (1, 10) for start in ("warm", "cold")}
BY_PAPER = "1 epoch per round (claim 1)"

OF_DIGITS = {
    "mini": compared("mini", {**targets(90, 95, 97), **AREA, **at_end("1,024"), **WORST}),
    "binary": Grid(
        ("task", "pool", "strategy"),
        by_setting({"zero_one": ("0 or 1", "800"), "four_nine": ("4 or 9", "800")}, SURE),
        BINARY,
    ),
    "query_size": Grid(
        ("labels per query", "epochs per round", "strategy"),
        by_setting(SIZES, SURE),
        {**targets(90, 95, 97), **at_end("1,024"), "area against random": "verdict"},
    ),
    "lost_class": Grid(
        ("network", "strategy"),
        [
            (("`cnn`", "`sm`"), "lost_cnn.sm"),
            (("`cnn_plain`", "`sm`"), "lost_plain.sm"),
            (("`cnn_sgd`", "`sm`"), "lost_sgd.sm"),
            (("`cnn`", "`certain`"), "lost_cnn_certain.certain"),
            (("`cnn_plain`", "`certain`"), "lost_plain.certain"),
            (("`cnn_sgd`", "`certain`"), "lost_sgd.certain"),
        ],
        {
            **at_end("544"),
            "lowest class from the 4th round on, %": "lowest",
            "fell to 0 % once learned": "lost",
            "last such round": "last_lost",
            "at 0 % at the end: its labels of 544": "never",
        },
    ),
    "variety": compared("mini", VARIETY, verdict=False),
    "label_noise": Grid(
        ("wrong labels", "strategy"),
        by_setting({f"noise_{rate}": (f"{rate} %",) for rate in (0, 5, 10, 20)}, SURE),
        {**targets(90), **at_end("544"), **AREA, "wrong among the queried, %": "mean_wrong"},
    ),
    "staleness": Grid(
        ("scored every",),
        [
            ((words,), f"stale_{every}.lc")
            for every, words in {1: "round", 2: "2nd", 5: "5th", 10: "10th"}.items()
        ],
        {**targets(90, 95), "area, %": "area", **at_end("672")},
    ),
    "cold_start": Grid(
        ("start", "epochs per round", "strategy"),
        by_setting(STARTS, PAIR),
        {**targets(90, 95, 97), **at_end("640"), **AREA, "training, s": "train"},
    ),
    "ceiling": Grid(
        ("labels", "how"),
        [
            (("4,000", "all, 10 epochs"), "ceiling.random"),
            (("1,024 (26 %)", f"`sm`, {BY_PAPER}"), "mini.sm"),
            (("1,024 (26 %)", f"`lc`, {BY_PAPER}"), "mini.lc"),
            (("1,024 (26 %)", f"`random`, {BY_PAPER}"), "mini.random"),
        ],
        {"seeds": "seeds", "accuracy, %": "end"},
    ),
}
"""The tables of the 4,000 digits by the names of their marks."""

OF_WHOLE = {
    "mnist": compared("mnist", {**at_end("3,200"), **PAPER}),
    "mnist_late": compared(
        "mnist_late",
        {
            **targets(98, 98.5, 99),
            "3,300–6,400 labels, %": "rounds_26",
            "6,500–9,600, %": "rounds_51",
            "9,700–12,800, %": "rounds_76",
            "lowest class in these rounds, %": "lowest_26",
            **SECONDS,
        },
        verdict=False,
    ),
    "fruits": compared("fruits", {**at_end("1,024"), **PAPER}),
    "fruits_32": compared(
        "fruits_32",
        {
            "accuracy at 192 (4.0 %), %": "at_192",
            "at 256 (5.3 %), %": "at_256",
            "at 384, %": "end",
            **targets(90, 95, 97),
            **AREA,
        },
    ),
    "binary_large": Grid(
        ("task", "pool", "strategy"),
        by_setting(
            {
                "four_nine_mnist": ("4 or 9", "11,791"),
                "apricot_peach": ("apricot or peach", "984"),
            },
            SURE,
        ),
        BINARY,
    ),
    "variety_mnist": compared("mnist", VARIETY, verdict=False),
    "variety_late": compared(
        "mnist_late",
        {
            f"{head}, rounds {first}–{first + 24}": f"{measure}_{first}"
            for head, measure in VARIETY.items()
            for first in (26, 51, 76)
        },
        verdict=False,
    ),
    "beginning": compared("begin", AT_FIRST, strategies=(*FIVE, "cluster_margin"), verdict=False),
    "beginning_changed": changed("lc", "entropy"),
    "beginning_changed_lm": changed("lm"),
    "beginning_typical": compared("begin_typical", AT_FIRST, ("random", *UNSURE), verdict=False),
    "fashion": compared(
        "fashion", {**targets(80, 82, 85, 87), **AREA, **at_end("3,200"), **WORST, **SECONDS}
    ),
    "scoring_cost": Grid(
        ("MNIST",),
        [
            (("classes 0 and 1",), "cost_2.lc"),
            (("classes 0 to 4",), "cost_5.lc"),
            (("all ten classes",), "cost_10.lc"),
        ],
        {head: f"early_{measure}" for head, measure in COST.items()},
    ),
    "whole_cost": Grid(
        ("pool", "protocol"),
        [
            (("4,000 digits", "1 epoch per round, 32 rounds, `lc`"), "mini.lc"),
            (("4,830 fruits", "1 epoch per round, 8 rounds, `lc`"), "fruits.lc"),
            (("60,000 digits", "1 epoch per round, 25 rounds, `lc`"), "mnist.lc"),
            (("60,000 digits", "20 epochs per round, 16 rounds, `sm`"), "few_labels.sm"),
        ],
        COST,
    ),
    "ceiling_mnist": Grid(
        ("labels", "how"),
        [
            (("60,000", "all, 10 epochs"), "ceiling_mnist.random"),
            (("3,200 (5.3 %)", f"`sm`, {BY_PAPER}"), "mnist.sm"),
            (("3,200 (5.3 %)", f"`random`, {BY_PAPER}"), "mnist.random"),
            (("1,024 (1.7 %)", "`sm`, deformed images, 20 epochs (claim 13)"), "few_labels.sm"),
        ],
        {"seeds": "seeds", "accuracy, %": "end"},
    ),
    "small_queries": compared(
        "small_queries",
        {
            "labels to 90 %: quartiles": "quartiles_to_90",
            "to 95 %: quartiles": "quartiles_to_95",
            **AREA,
            **at_end("300"),
            **SECONDS,
        },
        PAIR,
    ),
    "few_labels": compared(
        "few_labels", {**targets(95, 97, 98, 98.5, 99), **at_end("1,024"), **WORST}, PAIR
    ),
    "few_labels_shown": Grid(
        ("MNIST, 64 labels per query, deformed images",),
        [(("random",), "few_labels.random"), (("smallest margin `sm`",), "few_labels.sm")],
        {**targets(95, 97, 98, 99), "accuracy at 1,024 labels (1.7 %), %": "end"},
        page=README,
        seeds=False,
    ),
}
"""Those of whole data sets."""

GRIDS = OF_DIGITS | OF_WHOLE
