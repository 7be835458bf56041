"""How every figure looks: style, margins, legend, SVG."""

import io
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from askwell.report.page.blocks import INK, Picture
from askwell.report.page.wording import short_name
from askwell.report.reading.names import slug

ZERO_WIDTH_SPACE = "\u200b"
LEGEND_COLUMNS = 5
LEGEND_WIDTH = 4.5  # inches
LEGEND_LEFT = 0.8  # inches from the left edge at most
MARK_WIDTH, LETTER_WIDTH = 0.6, 0.085  # of a legend's entry, in inches
MOST_LETTERS = 44  # of a legend's entry
TITLE_PLACE = 0.14  # of a vertical axis: inches from the figure's left edge to its middle
STYLE: Any = {
    "font.size": 10,
    "text.parse_math": False,  # a dollar in a class name is a dollar
    # text stays text: small files, the page's font, words that can be searched
    "svg.fonttype": "none",
    "svg.hashsalt": "askwell",  # the same runs give the same file
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.15,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
    **dict.fromkeys(
        [
            "text.color",
            "axes.labelcolor",
            "axes.edgecolor",
            "grid.color",
            "xtick.color",
            "ytick.color",
        ],
        INK,
    ),
}


@contextmanager
def drawn(
    pictures: list[Picture],
    name: str,
    caption: str,
    size: tuple[float, float],
    left: float = 0.62,
    bottom: float = 0.5,
    top: float = 0.12,
    right: float = 0.12,
) -> Iterator[Axes]:
    """Axes to draw on; the finished figure is added to the pictures. size and margins in inches.

    Margins are given rather than fitted: matplotlib's layout engines take three times as long as
    the drawing itself.
    """
    width, height = size
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Glyph .* missing"
        )  # the browser draws the text, and has the letters
        figure = Figure(figsize=size)
        edges = (
            left / width,
            bottom / height,
            1 - (left + right) / width,
            1 - (bottom + top) / height,
        )
        yield figure.add_axes(edges)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    pictures.append(Picture(slug(name), caption, buffer.getvalue()))


def legend_height(names: Collection[str]) -> float:
    """The margin in inches that a legend above the axes needs; that of none where there are no
    names.
    """
    return 0.12 + 0.22 * -(-len(names) // legend_columns(names))


def legend_columns(names: Collection[str]) -> int:
    """How many of the names fit on one line."""
    widest = MARK_WIDTH + LETTER_WIDTH * max((len(legend_name(name)) for name in names), default=0)
    return max(1, min(LEGEND_COLUMNS, int(LEGEND_WIDTH / widest)))


def legend_name(name: str) -> str:
    """A name as a legend has it. matplotlib leaves out those that begin with an underscore."""
    short = short_name(name, MOST_LETTERS)
    return f"{ZERO_WIDTH_SPACE}{short}" if short.startswith("_") else short


def legend_above(axes: Axes) -> None:
    """A legend that hides nothing."""
    _, names = axes.get_legend_handles_labels()
    if names:
        left = min(0, across(axes, LEGEND_LEFT))
        axes.legend(
            loc="lower left", bbox_to_anchor=(left, 1), borderaxespad=0, ncols=legend_columns(names)
        )


def vertical_title(axes: Axes, title: str) -> None:
    """The title of the vertical axis, at the figure's left edge however wide the axis's numbers
    are.
    """
    axes.set_ylabel(title, verticalalignment="center")
    axes.yaxis.set_label_coords(across(axes, TITLE_PLACE), 0.5)


def across(axes: Axes, inches: float) -> float:
    """A distance from the figure's left edge in the axes' own units: 0 is their left edge, 1 their
    right one.
    """
    box, (left, _) = axes.get_position(), axes.figure.dpi_scale_trans.transform((inches, 0))
    return float((axes.figure.transFigure.inverted().transform((left, 0))[0] - box.x0) / box.width)
