"""Figures with one row for each class."""

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from askwell.report.page.blocks import Picture
from askwell.report.page.drawing import drawn
from askwell.report.page.wording import short_name

WIDTH, WIDE = 4.1, 5.4
MOST_ROWS = 20
MOST_LETTERS = 18


@contextmanager
def rows_drawn(
    pictures: list[Picture],
    name: str,
    caption: str,
    classes: list[str],
    width: float = WIDTH,
    top: float = 0.12,
) -> Iterator[Axes]:
    """A figure with one row per class; of many classes only some are named."""
    step = -(-len(classes) // MOST_ROWS)
    named = [short_name(each, MOST_LETTERS) for each in classes[::step]]
    size = (width, 0.5 + top + 0.2 * min(len(classes), MOST_ROWS))
    with drawn(pictures, name, caption, size, 0.2 + 0.085 * max(map(len, named)), top=top) as axes:
        yield axes
        axes.set_ylim(len(classes) - 0.5, -0.5)
        axes.set_yticks([])
        for row, words in zip(
            range(0, len(classes), step), named, strict=True
        ):  # a third of the time of tick labels
            axes.text(
                -0.02, row, words, transform=axes.get_yaxis_transform(), ha="right", va="center"
            )
        axes.xaxis.set_major_locator(MaxNLocator(4))


def class_names(classes: pd.DataFrame) -> list[str]:
    """The classes in the order of the files."""
    return list(dict.fromkeys(classes["class"]))
