"""Which runs may be compared: those of one data set under the same settings."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from askwell.report.measures import LEVELS, measure, targets_within
from askwell.report.reading import Records, checksum, slug

BASELINE = "random"
ORDER = (BASELINE, "lc", "entropy", "sm", "lm")
UNKNOWN = "unknown"  # to a run that failed before it knew
ABSENT = "absent"  # from the config of a run whose other parts have no such setting
# Runs that differ in one of these, or in another setting of their config, are never averaged. These
# name a difference.
SETTINGS = ("classes", "protocol", "model", "oracle", "query_size", "initial_size", "rescore_every")


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
        """The settings as they are told: `query size 32`, `rate 0.05`."""
        return told(self.settings)

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
        """The accuracies whose price in labels is compared, such that random and another strategy
        always reach one.
        """
        reached = self.runs[list(LEVELS)].notna().groupby(self.runs["strategy"]).all()
        highest = reached.mul(list(LEVELS)).max(axis=1)
        best = highest[self.contenders or self.strategies].max()
        return targets_within(min(best, highest.get(BASELINE, best)))

    @property
    def finished(self) -> bool:
        """Whether runs that came to their end are compared, and not those that did not for want of
        any.
        """
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
        """The compared strategies: the baseline, the four uncertainty scores, then the others by
        name.
        """
        return sorted(self.runs["strategy"].unique(), key=strategy_order)

    @property
    def contenders(self) -> list[str]:
        """The strategies that are to beat the baseline."""
        return [strategy for strategy in self.strategies if strategy != BASELINE]

    def of(self, strategy: str) -> pd.DataFrame:
        """The compared runs of a strategy, with their measures."""
        return self.runs[self.runs["strategy"] == strategy]

    @cached_property
    def by_seed(self) -> dict[str, pd.DataFrame]:
        """The compared runs of each strategy, indexed by seed, in order."""
        return {
            name: self.of(name).reset_index().set_index("seed").sort_index()
            for name in self.strategies
        }


def with_names(records: Records, groups: Iterable[Group]) -> Records:
    """The records with each run's strategy called as its group calls it."""
    runs = records.runs.copy()
    for group in groups:
        runs.loc[group.everything.runs.index, "strategy"] = group.everything.runs["strategy"]
    return replace(records, runs=runs)


def all_targets(groups: Iterable[Group]) -> list[float]:
    """The targets of any of the groups, in order."""
    return sorted({target for group in groups for target in group.targets})


def strategy_order(strategy: str) -> tuple[int, str]:
    """A key that puts strategies into the report's fixed order."""
    return (ORDER.index(strategy) if strategy in ORDER else len(ORDER), strategy)


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


def identified(runs: pd.DataFrame) -> pd.Series:
    """Whether a run says what it is: a failed one may not."""
    return runs[["dataset", "strategy", "seed"]].notna().all(axis=1)


def group_runs(records: Records) -> tuple[Group, ...]:
    """The groups with at least one measured round, by data set, then by settings."""
    return tuple(group for group in sorted_groups(records) if group.everything.runs["rounds"].any())


def sorted_groups(records: Records) -> Iterator[Group]:
    """The runs of each data set, apart where a setting differs."""
    runs = records.runs[identified(records.runs)]
    for dataset, of_dataset in runs.groupby("dataset"):
        settings = known_settings(of_dataset)
        settings = settings[telling(settings)].fillna(UNKNOWN)
        shown = shortened(settings)
        keys = pd.Series([tuple(row) for row in settings.to_numpy()], settings.index)
        for key in sorted(keys.unique(), key=lambda values: [natural(value) for value in values]):
            runs = of_dataset[keys == key]
            yield Group(
                str(dataset),
                shown[runs.index[0]],
                records.of(runs.assign(strategy=strategy_names(runs))),
            )


def strategy_names(runs: pd.DataFrame) -> pd.Series:
    """Each run's strategy; where runs of one name differ in settings of their own, with these:
    `mine beta 2`.
    """
    names = runs["strategy"].astype(str)
    for _, settings in as_text(runs["strategy_settings"]).groupby(names):
        shown = shortened(settings[telling(settings)])
        names.update(
            pd.Series(
                {run: " ".join([names[run], *told(settings)]) for run, settings in shown.items()}
            )
        )
    return names


def told(settings: dict[str, str]) -> list[str]:
    """Settings in words: `query size 32`, `rate 0.05`."""
    return [f"{name.replace('_', ' ')} {value}" for name, value in settings.items()]


def shortened(settings: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The settings that each run has, by the shortest names and values that still tell them
    apart.
    """
    shown = (
        settings.replace(ABSENT, None)
        .apply(short_values)
        .rename(columns=short_names(settings.columns))
    )
    return {
        str(run): {str(name): str(value) for name, value in row.dropna().items()}
        for run, row in shown.iterrows()
    }


def telling(settings: pd.DataFrame) -> list[str]:
    """The fewest settings by which the runs are told apart: what only differs along with another
    goes unsaid.
    """
    chosen: list[str] = []
    kinds = 1
    for name in settings.columns[settings.nunique() > 1]:
        now = len(settings[[*chosen, name]].dropna().drop_duplicates())
        if now > kinds:
            chosen, kinds = [*chosen, str(name)], now
    return chosen


def short_names(settings: Iterable[str]) -> dict[str, str]:
    """The last word of each setting that no other shares: `rate` of oracle.rate, `optimizer` of its
    `_target_`.
    """
    words = {name: name.removesuffix("._target_").rpartition(".")[2] for name in settings}
    common = [word for word, times in Counter(words.values()).items() if times > 1]
    return {name: name if word in common else word for name, word in words.items()}


def short_values(values: pd.Series) -> pd.Series:
    """A setting's values as a title has them: a long list cut, with its checksum where that is
    needed.
    """
    names = values.map(cut, na_action="ignore")
    return (
        names
        if names.nunique() == values.nunique()
        else values.map(cut_with_checksum, na_action="ignore")
    )


def known_settings(runs: pd.DataFrame) -> pd.DataFrame:
    """The settings as text; missing where a run failed before it knew them, which makes no
    difference.
    """
    others = as_text(runs["settings"])
    settings = runs[list(SETTINGS)].join(others.drop(columns=list(SETTINGS), errors="ignore"))
    return settings.astype(str).where(settings.notna())


def as_text(settings: pd.Series) -> pd.DataFrame:
    """A column for each setting; ABSENT where a run that knows its settings has no such one."""
    table = pd.DataFrame([given or {} for given in settings], settings.index, dtype=object)
    known = settings.notna()
    table[known] = table[known].fillna(ABSENT)
    return table


def natural(value: str) -> tuple[float, str]:
    """A key that sorts numbers by size, before words."""
    try:
        return (float(value), "")
    except ValueError:
        return (float("inf"), value)


def cut(value: str) -> str:
    """The first few of a long list of classes, and how many they are."""
    items = value.split(", ")
    return value if len(items) <= 10 else f"{', '.join(items[:3])} … ({len(items)})"


def cut_with_checksum(value: str) -> str:
    """The same for lists that begin alike."""
    shorter = cut(value)
    return value if shorter == value else f"{shorter} {checksum(value)[:4]}"
