"""Figures by name: `mini.sm.to_95` is `351 ± 31`, in tables and in sentences.

A name is an arm (its sweep and strategy) and a measure. A measure of two arms has both, as in
`stale_5.lc/stale_1.lc.more_95`; where one is named, the other is random of its sweep. A measure may
end with a number: a target in percent, or labels. `rank.sm` is a strategy's mean rank over the
boards of the leaderboard, and `rank.boards` their number.
"""

import re
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from askwell.report.groups.group import BASELINE
from askwell.report.statistics.significance import paired_p
from bench import measures, standings
from bench.arms import Arm, NotPackedError, sweep
from bench.pages import signed, spread

MEASURE = r"(?P<word>[a-z_]+?)(?:_(?P<number>[\d.]+))?"
NAME = re.compile(rf"(?P<own>\w+\.\w+)(?:/(?P<other>\w+\.\w+))?\.{MEASURE}")
RANK = "rank."
MISSING = "–"
PARTS = ("train", "score", "eval")
"""Of a run's seconds."""


@cache
def figure(name: str) -> str:
    """A figure by its name.

    Raises NotPackedError where its runs are not there yet, and ValueError where it has no meaning.
    """
    if name.startswith(RANK):
        return rank(name.removeprefix(RANK))
    parts = NAME.fullmatch(name)
    if parts is None:
        raise ValueError(f"{name} is no name of a figure")
    own, other, word, number = parts.groups()
    given = () if number is None else (float(number),)
    try:
        if word in OF_ONE and not other:
            return OF_ONE[word](arm(own), *given)
        return OF_TWO[word](arm(own), arm(other or f"{own.split('.')[0]}.{BASELINE}"), *given)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is no figure: {error}") from error


def rank(strategy: str) -> str:
    """A strategy's mean rank over the boards of the leaderboard, or the number of `boards`."""
    if not standings.complete_boards():
        raise NotPackedError("no board has enough seeds of every strategy")
    if strategy == "boards":
        return str(len(standings.complete_boards()))
    return f"{standings.ranks_of_all()[strategy][0]:.1f}"


def needs_two(measure: str) -> bool:
    """Whether a measure compares two arms."""
    found = re.fullmatch(MEASURE, measure)
    return found is not None and found["word"] in OF_TWO


def arm(name: str) -> Arm:
    """The runs of `sweep.strategy`."""
    of_sweep, strategy = name.split(".")
    return sweep(of_sweep).arms[strategy]


def both(
    name: str, values: Callable[..., np.ndarray], form: str | Callable[[Arm], str]
) -> dict[str, Callable[..., str]]:
    """A measure with its deviation, and its mean alone."""

    def shown(arm: Arm, *given: float, alone: bool = False) -> str:
        found, chosen = values(arm, *given), form if isinstance(form, str) else form(arm)
        return signed(found.mean(), chosen) if alone else spread(found, chosen)

    return {name: shown, f"mean_{name}": partial(shown, alone=True)}


def _mean_to(arm: Arm, target: float) -> str:
    labels = measures.labels_to(arm, target)
    if np.isnan(labels).any():
        raise ValueError("not every run reaches the target")
    return format(labels.mean(), measures.whole_or_tenth(labels))


def _share(part: str, sign: int, own: Arm, other: Arm, target: float) -> str:
    """A saving, an end of its interval, or with sign -1 what is needed more, in percent."""
    found = measures.saving(own, other, target)
    return MISSING if found is None else signed(sign * 100 * getattr(found, part), ".0f")


def _interval(own: Arm, other: Arm, target: float) -> str:
    """The 95 % interval of a saving, with `to` where one end is a loss."""
    low, high = (_share(part, 1, own, other, target) for part in ("low", "high"))
    return f"{low} to {high}" if low.startswith("−") else f"{low}–{high}"


def _p(leads: np.ndarray) -> str:
    """A p-value with two digits, or its bound."""
    p = paired_p(leads, np.zeros_like(leads))
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _p_to(own: Arm, other: Arm, target: float) -> str:
    return _p(measures.lead(own, other, lambda arm: measures.labels_to(arm, target)))


def _lead(values: Callable[..., np.ndarray], own: Arm, other: Arm, *given: float) -> str:
    leads = measures.lead(own, other, lambda arm: values(arm, *given))
    return signed(leads.mean(), measures.points(own))


def _labels_more(own: Arm, other: Arm, target: float) -> str:
    leads = measures.lead(own, other, lambda arm: measures.labels_to(arm, target))
    return MISSING if np.isnan(leads).any() else signed(leads.mean(), ",.0f")


def _wins(own: Arm, other: Arm) -> str:
    leads = measures.area_leads(own, other)
    return f"{(leads > 0).sum()} of {len(leads)}"


def _seconds(part: str, arm: Arm) -> str:
    return f"{measures.seconds(arm, part):,.0f}"


def _early(part: str, arm: Arm) -> str:
    return f"{measures.early_seconds(arm, part):.2f}"


def _percent_of(arm: Arm, number: Callable[[Arm, str], float]) -> str:
    """Scoring's share of all seconds."""
    return f"{100 * number(arm, 'score') / sum(number(arm, part) for part in PARTS):.0f}"


OF_ONE: dict[str, Callable[..., str]] = {
    "seeds": lambda arm: str(len(arm.runs)),
    "labels": lambda arm: f"{arm.last_labels:,}",
    "to": measures.reached,
    "mean_to": _mean_to,
    "quartiles_to": measures.quartiles,
    **both("end", measures.ends, measures.points),
    **both("at", measures.at, measures.points),
    **both("worst", measures.worst, ".1f"),
    **both("area", lambda arm: measures.areas(arm, *measures.whole(arm)), measures.points),
    **both("rounds", measures.mean_of_rounds, measures.points),
    **both("distance", partial(measures.queries, 0), ".2f"),
    **both("duplicates", partial(measures.queries, 1), ".1f"),
    **both("evenness", measures.even, ".3f"),
    **both("wrong", measures.wrong, ".0f"),
    "lowest": measures.lowest,
    "lost": measures.lost,
    "last_lost": measures.last_lost,
    "never": measures.never,
    **{name: partial(_seconds, name) for name in PARTS},
    **{f"early_{name}": partial(_early, name) for name in PARTS},
    "score_share": lambda arm: _percent_of(arm, measures.seconds),
    "early_score_share": lambda arm: _percent_of(arm, measures.early_seconds),
    "seconds": lambda arm: " + ".join(_seconds(name, arm) for name in PARTS),
}

OF_TWO: dict[str, Callable[..., str]] = {
    "saves": partial(_share, "share", 1),
    "saves_low": partial(_share, "low", 1),
    "saves_high": partial(_share, "high", 1),
    "saves_interval": _interval,
    "more": partial(_share, "share", -1),
    "more_low": partial(_share, "high", -1),
    "more_high": partial(_share, "low", -1),
    "labels_more": _labels_more,
    "lead_end": partial(_lead, measures.ends),
    "lead_at": partial(_lead, measures.at),
    "lead_area": lambda own, other: signed(
        measures.area_leads(own, other).mean(), measures.points(own)
    ),
    "errors_saved": lambda own, other: f"{measures.errors_saved(own, other):.0f}",
    "verdict": lambda own, other: measures.WORDS[measures.found(own, other)],
    "p_area": lambda own, other: _p(measures.area_leads(own, other)),
    "p_to": _p_to,
    "wins_area": _wins,
}
