"""What a strategy asked for: how evenly of the classes, and how unlike one another."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import stats

from askwell.report.groups import Group
from askwell.report.layout import Table
from askwell.report.reading import DIVERSITY
from askwell.report.wording import spread, spread_percent


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
        "Of the labels bought after the initial set, mean ± standard deviation over seeds: 1 if "
        "they are spread over "
        "the classes as evenly as their number allows, 0 if only one class was bought.",
    )


def variety(group: Group) -> Iterator[Table]:
    """How far apart the images of a query are, and how many are near-duplicates; no table where
    nobody noted it.
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
            "In the features that the network's last layer sees; means over rounds, mean ± "
            "standard deviation over "
            "seeds. The distance between two images of a query is a multiple of that between two "
            "random images of the "
            "pool; near-duplicates are nearer to another image of the query than 95 % of random "
            "images are to theirs.",
        )


def entropy(bought: pd.DataFrame, by: list[str]) -> pd.Series:
    """The entropy of the classes' shares within each part, as a fraction of the most there can
    be.
    """
    counts = bought.groupby([*by, "class"], sort=False)["queried"].sum().unstack(fill_value=0)
    counts = counts[counts.sum(axis=1) > 0]
    total, classes = counts.sum(axis=1).to_numpy()[:, None], counts.shape[1]
    most = stats.entropy(
        total // classes + (np.arange(classes) < total % classes), axis=1
    )  # of the most even counts
    entropies = stats.entropy(counts.to_numpy(float), axis=1)
    return pd.Series(
        np.divide(entropies, most, out=np.ones_like(entropies), where=most > 0), counts.index
    )
