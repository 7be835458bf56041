"""The colour and the marker of each strategy on a page."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

from askwell.report.reading.schema import Appearance

# Of Okabe and Ito's and of Tol's palettes, which colour-blind readers can tell apart. Those that
# Askwell's own strategies have come last: a page without these strategies uses them only when the
# others are taken.
COLOURS = (
    *("#cc79a7", "#56b4e9", "#b8a900", "#7a5195", "#a0522d", "#44aa99", "#882255", "#332288"),
    *("#0072b2", "#e69f00", "#009e73", "#d55e00"),
)
MARKERS = "osD^vPX<>*"

Look = dict[str, Any]  # matplotlib's properties of a line


def looks(appearances: Mapping[str, Appearance]) -> dict[str, Look]:
    """The colour and the marker of each strategy: its own, or else the next that are free.

    Of several strategies with one colour or marker of their own the first keeps it.

    >>> looks({"random": Appearance(colour="#8a8a8a", marker="o"), "mine": Appearance()})["mine"]
    {'color': '#cc79a7', 'marker': 's'}
    """
    colours = first_claims({name: each.colour for name, each in appearances.items()})
    markers = first_claims({name: each.marker for name, each in appearances.items()})
    spare = spare_looks(
        [colour for colour in COLOURS if colour not in colours.values()] or COLOURS,
        [marker for marker in MARKERS if marker not in markers.values()] or MARKERS,
    )
    chosen = {}
    for name in appearances:
        colour, marker = colours.get(name), markers.get(name)
        if colour is None or marker is None:
            next_colour, next_marker = next(spare)
            colour, marker = colour or next_colour, marker or next_marker
        chosen[name] = {"color": colour, "marker": marker}
    return chosen


def first_claims(wishes: Mapping[str, str | None]) -> dict[str, str]:
    """The wishes of those who wish for something that nobody before them wished for."""
    first: dict[str, str] = {}
    for name, wish in wishes.items():
        if wish is not None:
            first.setdefault(wish, name)
    return {name: wish for wish, name in first.items()}


def spare_looks(colours: Sequence[str], markers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every pair of a colour and a marker: each colour once, then each with its next marker, and
    so on; without end.
    """
    pairs = [
        (colour, markers[(place + shift) % len(markers)])
        for shift in range(len(markers))
        for place, colour in enumerate(colours)
    ]
    return cycle(pairs)
