"""The queries of each strategy: which classes they were of, and how different their images."""

from collections.abc import Iterator

import pandas as pd

from askwell.report.findings.comparison import pairs
from askwell.report.groups.group import BASELINE, Group
from askwell.report.page.blocks import Picture, Section, Table
from askwell.report.page.class_rows import WIDE, class_names, rows_drawn
from askwell.report.page.drawing import legend_above, legend_height, legend_name
from askwell.report.page.palette import looks
from askwell.report.page.wording import MISSING, spread, spread_percent
from askwell.report.reading.records import AGAIN, DIVERSITY
from askwell.report.statistics.evenness import evenness
from askwell.report.statistics.significance import paired_p


def section(group: Group) -> Section:
    text = (
        "The share of each class among the images queried after the initial set, mean over seeds."
    )
    stroke = (
        " Strokes stand for random." if BASELINE in group.strategies and group.contenders else ""
    )
    tables = (*balance(group), *variety(group), *wrong(group), *repeats(group))
    return Section("Queries", (text + stroke,), tables, tuple(class_shares(group)))


def balance(group: Group) -> Iterator[Table]:
    """The class entropy of all queries of a run together, and of a single query."""
    bought = group.classes[group.classes["round"] > group.classes["round"].min()]
    if not bought["queried"].sum():
        return
    entropies = {
        "of all queries": entropy(bought, ["strategy", "seed"]),
        "of a single query": entropy(bought, ["strategy", "seed", "round"])
        .groupby(["strategy", "seed"])
        .mean(),
    }
    yield Table(
        ("class entropy", *entropies),
        tuple(
            (
                name,
                *(
                    spread(values.get(name, pd.Series(dtype=float)), ".3f")
                    for values in entropies.values()
                ),
            )
            for name in group.strategies
        ),
        "Of the labels bought after the initial set, mean ± standard deviation over seeds. It is 1 "
        "if they are spread over the classes as evenly as their number allows, and 0 if all are "
        "of one class.",
    )


def variety(group: Group) -> Iterator[Table]:
    """How far apart the images of a query are, and how many are near-duplicates; no table if no run
    recorded it.
    """
    means = group.curves.groupby(["strategy", "seed"])[DIVERSITY].mean()
    if means.notna().any(axis=None):
        yield Table(
            ("within a query", "mean distance", "near-duplicates"),
            tuple(
                (name, spread(of["distance"], ".2f"), spread_percent(of["near_duplicates"]))
                for name, of in (
                    (name, means.xs(name, level="strategy")) for name in group.strategies
                )
            ),
            "In the features that the network's last layer sees: means over rounds, mean ± "
            "standard deviation over seeds. The distance between two images of a query is a "
            "multiple of the distance between two random images of the pool. Near-duplicates are "
            "nearer to another image of the query than 95 % of random images are to theirs.",
        )


def wrong(group: Group) -> Iterator[Table]:
    """The labels that are not the truth, against random's; no table where there are none, or where
    the truth is not known.
    """
    counts = group.curves.groupby("run")["wrong_labels"].sum(min_count=1)
    if not counts.sum():
        return
    shares = counts / group.curves.groupby("run")["labels"].last()
    yield Table(
        ("wrong labels", "bought", "share of all", f"more than {BASELINE}", "p"),
        tuple(
            (
                name,
                spread(counts[group.of(name).index]),
                spread_percent(shares[group.of(name).index]),
                *against_random(group, name, shares),
            )
            for name in group.strategies
        ),
        "Labels that differ from the truth, the initial set included, mean ± standard deviation "
        "over seeds; then the difference of the shares over paired seeds in percentage points, and "
        "the p-value of a paired t-test, which is not corrected for the number of strategies.",
    )


def against_random(group: Group, name: str, shares: pd.Series) -> tuple[str, str]:
    """The difference of a strategy's share to random's in points over paired seeds, and its p where
    they are enough.
    """
    if BASELINE not in group.strategies or name == BASELINE:
        return MISSING, MISSING
    paired = pairs(group, name, BASELINE)
    own, other = (shares[side["run"]].to_numpy() for side in (paired.own, paired.reference))
    difference = spread(pd.Series(100 * (own - other)), "+.1f").replace("± +", "± ")
    return difference, f"{paired_p(own, other):.2g}" if paired.enough else MISSING


def repeats(group: Group) -> Iterator[Table]:
    """How many answers were about images that had a label, and how many labels they changed; no
    table if there were none.
    """
    sums = group.curves.groupby(["strategy", "seed"])[AGAIN].sum()
    if not sums.any(axis=None):
        return
    rows = tuple(
        (name, *(spread(sums.xs(name, level="strategy")[column], ".1f") for column in AGAIN))
        for name in group.strategies
    )
    yield Table(
        ("labelled images", "asked again", "labels changed", "corrected"),
        rows,
        "Answers of a run about images that had a label, and how many labels they changed; labels "
        "that people corrected by themselves, at no cost. Mean ± standard deviation over seeds. "
        "The answers count as labels in all curves.",
    )


def entropy(bought: pd.DataFrame, by: list[str]) -> pd.Series:
    """The evenness of the classes within each part of what was bought."""
    counts = bought.groupby([*by, "class"], sort=False)["queried"].sum().unstack(fill_value=0)
    counts = counts[counts.sum(axis=1) > 0]
    return pd.Series(evenness(counts.to_numpy()), counts.index)


def class_shares(group: Group) -> list[Picture]:
    """The mean share of each class among the queried images, with one mark per strategy and
    strokes for random.
    """
    pictures: list[Picture] = []
    shares, names = 100 * query_shares(group.classes), class_names(group.classes)
    styles = {
        name: style for name, style in looks(group.appearances).items() if name in shares.index
    }
    if not styles:
        return pictures
    caption = f"Share of each class among the queried images on {group.title}"
    with rows_drawn(
        pictures, f"{group.slug}-queries", caption, names, WIDE, legend_height(styles)
    ) as axes:
        for name, style in styles.items():
            mark = {"marker": "|", "markersize": 12} if name == BASELINE else {"markersize": 5}
            axes.plot(
                shares.loc[name, names],
                range(len(names)),
                linestyle="none",
                label=legend_name(name),
                **style | mark,
            )
        axes.set(xlim=(0, 1.05 * shares.to_numpy().max()), xlabel="share of the queried images, %")
        legend_above(axes)
    return pictures


def query_shares(classes: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds of each class's share of the labels bought after the initial set: strategies
    × classes.

    A strategy that bought nothing, as a run of one round does, has no row.
    """
    bought = classes[classes["round"] > classes["round"].min()]
    counts = bought.groupby(["strategy", "seed", "class"])["queried"].sum()
    totals = counts.groupby(["strategy", "seed"]).transform("sum")
    return (counts / totals)[totals > 0].groupby(["strategy", "class"]).mean().unstack()
