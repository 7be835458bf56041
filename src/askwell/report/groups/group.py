"""A group: runs that are compared with each other."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from askwell.report.groups.measures import LEVELS, measure, targets_within
from askwell.report.groups.shared_settings import in_words
from askwell.report.reading.names import slug
from askwell.report.reading.records import Records
from askwell.report.reading.schema import Appearance

BASELINE = "random"
"""The strategy that the others are to beat, with first images of its own choice."""

GREY = Appearance(colour="#8a8a8a", marker="o")  # of the baseline


@dataclass(frozen=True)
class Group:
    """Runs of one data set under the same settings; `settings` are those in which the data set's
    groups differ.
    """

    dataset: str
    settings: dict[str, str]
    everything: Records

    @property
    def title(self) -> str:
        return " · ".join([self.dataset, *self.differences])

    @property
    def differences(self) -> list[str]:
        """The settings in words: `query size 32`, `rate 0.05`."""
        return in_words(self.settings)

    @property
    def slug(self) -> str:
        return slug(self.title)

    @cached_property
    def records(self) -> Records:
        """The records of the runs that are compared."""
        return self.everything.of(comparable(self.everything.runs))

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The compared runs with their measures, indexed by run."""
        runs = self.records.runs
        stopped = runs.index[runs["reason"] == "target_accuracy"]
        return runs.join(measure(self.records.curves, self.records.classes, stopped))

    @cached_property
    def targets(self) -> tuple[float, ...]:
        """The accuracies whose price in labels is compared. If random and another strategy reach
        any level in every run, they reach one of these.
        """
        reached = self.runs[list(LEVELS)].notna().groupby(self.runs["strategy"]).all()
        highest = reached.mul(list(LEVELS)).max(axis=1)
        best = highest[self.contenders or self.strategies].max()
        return targets_within(min(best, highest.get(BASELINE, best)))

    @property
    def finished(self) -> bool:
        """Whether finished runs are compared. If there are none, the others are."""
        return bool((self.runs["status"] == "finished").any())

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The compared runs' rounds with the strategy and seed of each."""
        return self.records.curves.join(self.runs[["strategy", "seed"]], on="run")

    @cached_property
    def classes(self) -> pd.DataFrame:
        """The compared runs' classes in each round with the strategy and seed of each."""
        return self.records.classes.join(self.runs[["strategy", "seed"]], on="run")

    @property
    def strategies(self) -> list[str]:
        """The compared strategies: the baseline, then the others by name."""
        return sorted(self.runs["strategy"].unique(), key=strategy_order)

    @property
    def contenders(self) -> list[str]:
        """The strategies that are to beat the baseline."""
        return [strategy for strategy in self.strategies if strategy != BASELINE]

    @cached_property
    def titles(self) -> dict[str, str]:
        """What each strategy is called in words; its name where another has the same title."""
        titles = {name: str(self.of(name)["title"].iloc[0]) for name in self.strategies}
        times = Counter(titles.values())
        return {name: title if times[title] == 1 else name for name, title in titles.items()}

    @cached_property
    def appearances(self) -> dict[str, Appearance]:
        """How each strategy wants to be shown, by its first run that recorded a wish."""
        asked = {name: self.of(name)["appearance"].dropna() for name in self.strategies}
        unasked = {name: GREY if name == BASELINE else Appearance() for name in self.strategies}
        return unasked | {name: runs.iloc[0] for name, runs in asked.items() if len(runs)}

    def of(self, strategy: str) -> pd.DataFrame:
        """The compared runs of a strategy, with their measures."""
        return self.runs[self.runs["strategy"] == strategy]

    def same_start(self, *strategies: str) -> bool:
        """Whether one and the same strategy chose the initial images of all these."""
        runs = self.runs[self.runs["strategy"].isin(strategies)]
        return runs["start"].nunique() <= 1

    @cached_property
    def by_seed(self) -> dict[str, pd.DataFrame]:
        """The compared runs of each strategy, indexed by seed, in order."""
        return {
            name: self.of(name).reset_index().set_index("seed").sort_index()
            for name in self.strategies
        }


def all_targets(groups: Iterable[Group]) -> list[float]:
    """The targets of any of the groups, in order."""
    return sorted({target for group in groups for target in group.targets})


def strategy_order(strategy: str) -> tuple[bool, str]:
    """A key that sorts strategies as every table and figure does: the baseline first, the others
    by name.
    """
    return (strategy != BASELINE, strategy)


def comparable(runs: pd.DataFrame) -> pd.DataFrame:
    """The finished runs, or all measured ones where none has; the latest of a strategy and seed
    that ran twice.
    """
    measured = runs[runs["rounds"] > 0]
    finished = measured[measured["status"] == "finished"]
    chosen = measured if finished.empty else finished
    latest = chosen.sort_values("started", kind="stable").drop_duplicates(
        ["strategy", "seed"], keep="last"
    )
    return chosen.loc[chosen.index.isin(latest.index)]
