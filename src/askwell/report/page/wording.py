"""Numbers and names as text: the same in sentences, tables and figures."""

import re
from collections.abc import Sequence

import pandas as pd

MISSING = "–"


def short_name(name: str, letters: int) -> str:
    """A class name of at most so many letters; it keeps its end, where numbered classes differ."""
    return name if len(name) <= letters else f"{name[: letters - 5]}…{name[-4:]}"


def count(number: int, noun: str) -> str:
    """`1 seed`, `5 seeds`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A share as `95 %` or `97.5 %`."""
    return f"{100 * share:.4g} %"


def spread(values: pd.Series, form: str = ",.0f", unit: str = "") -> str:
    """Mean ± standard deviation over the runs that have a value; the bare mean of a single one."""
    known = values.dropna()
    if known.empty:
        return MISSING
    mean = format(known.mean(), form)
    return mean + unit if len(known) == 1 else f"{mean} ± {known.std():{form}}{unit}"


def spread_or_value(values: pd.Series) -> str:
    """The one value that all runs have, else mean ± standard deviation."""
    return f"{values.iloc[0]:,.0f}" if values.nunique() == 1 else spread(values)


def spread_percent(shares: pd.Series) -> str:
    """Mean ± standard deviation of shares, in percent with one decimal."""
    return spread(100 * shares, ".1f", " %")


def reached(labels: pd.Series) -> str:
    """Labels to a target over runs, with the number of those that reached it if some did not."""
    hits = int(labels.notna().sum())
    if hits == 0:
        return "not reached"
    return spread(labels) + ("" if hits == len(labels) else f" ({hits} of {len(labels)})")


def saving(share: float) -> str:
    """A share of labels saved as `37 % fewer`, a negative one as `8 % more`, none as `as many`."""
    if round(100 * share) == 0:
        return "as many"
    return f"{abs(100 * share):.0f} % {'fewer' if share >= 0 else 'more'}"


def saving_interval(low: float, high: float) -> str:
    """An interval of saved shares, with the direction of each end where 0 lies within."""
    if low <= 0 <= high:
        return f"{saving(low)} to {saving(high)}"
    return "–".join(f"{end:.0f}" for end in sorted((abs(100 * low), abs(100 * high)))) + " %"


def spans(rounds: Sequence[int]) -> str:
    """Sorted round numbers with neighbours joined: `3, 7–9`."""
    numbers = pd.Series(rounds)
    runs = numbers.groupby((numbers.diff() != 1).cumsum()).agg(["min", "max"])
    return ", ".join(
        str(low) if low == high else f"{low}–{high}" for low, high in runs.itertuples(index=False)
    )


def plain(text: str) -> str:
    """The text with the signs of Markdown and HTML escaped; an underscore within a word is none."""
    return re.sub(r"[\\`*|<>&\[\]~$]|(?<!\w)_|_(?!\w)|^[#+=-]", r"\\\g<0>", text)
