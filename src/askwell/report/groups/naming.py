"""What the strategies of a group are called."""

import pandas as pd

from askwell.report.groups.group import BASELINE
from askwell.report.groups.shared_settings import as_text, in_words, shortened, telling


def named(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with the `strategy` and the `title` that they have in their group, and `start`: the
    strategy that chose their first images.

    A run whose first images another strategy chose is of `kcentre → sm`. Where runs of one
    strategy differ in its settings, these follow: `mine beta 2`. The colour and the marker of a
    strategy stay with its plain name.
    """
    own = pd.Series([getattr(each, "title", None) for each in runs["appearance"]], runs.index)
    start = runs["initial"] + differing(runs["initial"], runs["initial_settings"])
    before = (start + " → ").where(start != BASELINE, "")
    after = differing(runs["strategy"], runs["strategy_settings"])
    names = before + runs["strategy"] + after
    return runs.assign(
        strategy=names,
        start=start,
        title=before + own.fillna(runs["strategy"]) + after,
        appearance=runs["appearance"].where(names == runs["strategy"], None),
    )


def differing(names: pd.Series, settings: pd.Series) -> pd.Series:
    """The settings in which runs of one name differ, in words after a space; empty where there are
    none.
    """
    words = pd.Series("", names.index, dtype=object)
    for _, table in as_text(settings).groupby(names):
        for run, values in shortened(table[telling(table)]).items():
            words[run] = "".join(f" {each}" for each in in_words(values))
    return words
