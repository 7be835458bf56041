"""The colour and the marker of each strategy."""

from collections.abc import Sequence
from typing import Any

from askwell.report.groups.group import BASELINE, ORDER

# Okabe and Ito's palette, which colour-blind readers can tell apart; grey is kept for random.
COLOURS = {
    BASELINE: "#8a8a8a",
    "lc": "#0072b2",
    "entropy": "#e69f00",
    "sm": "#009e73",
    "lm": "#d55e00",
}
SPARE_COLOURS = ("#cc79a7", "#56b4e9", "#b8a900", "#7a5195", "#a0522d")
MARKERS = "osD^vPX<>*"

Look = dict[str, Any]  # matplotlib's properties of a line


def look(strategies: Sequence[str]) -> dict[str, Look]:
    """Line colour and marker of each strategy; the known five always have the same."""
    others = [strategy for strategy in strategies if strategy not in ORDER]
    colours = COLOURS | {
        name: SPARE_COLOURS[place % len(SPARE_COLOURS)] for place, name in enumerate(others)
    }
    markers = dict(zip([*ORDER, *others], MARKERS * (1 + len(others)), strict=False))
    return {name: {"color": colours[name], "marker": markers[name]} for name in strategies}
