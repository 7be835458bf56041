"""The settings of runs as text, in the fewest words that distinguish the runs."""

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from askwell.report.reading.names import checksum

ABSENT = "absent"  # from the config of a run whose other parts have no such setting


def in_words(settings: dict[str, str]) -> list[str]:
    """Settings in words: `query size 32`, `rate 0.05`."""
    return [f"{name.replace('_', ' ')} {value}" for name, value in settings.items()]


def shortened(settings: pd.DataFrame) -> dict[str, dict[str, str]]:
    """The settings of each run, by the shortest names and values that still distinguish them."""
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
    """The fewest settings that distinguish the runs: one that differs only along with another is
    left out.
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
