"""The snapshots of chosen rounds: confusion, a map of the evaluation set, images that were never
queried.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from askwell.report.groups.group import Group
from askwell.report.page.blocks import Picture, Section
from askwell.report.page.drawing import drawn
from askwell.report.page.wording import short_name
from askwell.report.reading.received import UnreadableError, leads_out
from askwell.report.reading.records import listed
from askwell.report.reading.snapshot_file import load
from askwell.text import visible

SIDE = 4.1
COLUMNS = 8
MOST_LETTERS = 12
LABEL = {"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.75, "linewidth": 0}

MOST_WRITTEN = 12
"""Classes with which the numbers still fit into the fields of a confusion matrix."""


def section(group: Group) -> Section:
    pictures, faults = snapshots(group)
    points = tuple(f"left out: {fault}" for fault in faults)
    if not pictures:
        nothing = "No run has a snapshot that can be read" if faults else "No run has a snapshot"
        text = f"{nothing}: callbacks.snapshot.rounds=[-1] keeps one of the last round."
        return Section("Snapshots", (text,), points=points)
    text = (
        "Of the lowest seed that has any. The map shows evaluation images as the last layer sees "
        "them. The images below are those of the pool of which the network is least and most "
        "sure. Both are drawn from a random part: callbacks.snapshot.images of them, by default "
        "1,000."
    )
    return Section("Snapshots", (text,), pictures=tuple(pictures), points=points)


def snapshots(group: Group) -> tuple[list[Picture], list[str]]:
    """The pictures of each strategy's first seed that kept any, and which snapshots were left out
    and why.
    """
    pictures: list[Picture] = []
    faults: list[str] = []
    for strategy in group.strategies:
        for seed, folder, name in kept(group, strategy):
            try:
                snapshot = load(folder, f"snapshots/{name}")
            except UnreadableError as error:
                faults.append(visible(f"{group.titles[strategy]}, seed {seed}: {error}"))
                continue
            title = f"{group.titles[strategy]}, seed {seed}, {snapshot['labels']:,} labels"
            draw(pictures, f"{group.slug}-{strategy}-{Path(name).stem}", title, snapshot)
    return pictures, faults


def kept(group: Group, strategy: str) -> Iterator[tuple[int, Path, str]]:
    """The snapshots of the lowest seed that has some: its number, the run's folder and the file's
    name.
    """
    for run, seed in group.of(strategy)["seed"].sort_values().items():
        folder = group.records.folders[str(run)]
        names = sorted(
            entry.name for entry in listed(folder / "snapshots") if entry.name.endswith(".npz")
        )
        if leads_out(folder / "snapshots", folder):
            names = [""]  # the link itself is what cannot be read
        if names:
            yield from ((int(seed), folder, name) for name in names)
            return


def draw(pictures: list[Picture], name: str, title: str, snapshot: dict[str, np.ndarray]) -> None:
    """The figures of one snapshot."""
    classes = [str(each) for each in snapshot["classes"]]
    left = 0.45 + 0.085 * max(len(short_name(name, MOST_LETTERS)) for name in classes)
    if "confusion" in snapshot:  # very many classes have none
        with drawn(
            pictures, f"{name}-confusion", f"{title}: confusion", (SIDE, SIDE), left, left
        ) as axes:
            draw_confusion(axes, snapshot["confusion"], classes)
    with drawn(
        pictures,
        f"{name}-map",
        f"{title}: evaluation images by t-SNE, wrong ones crossed",
        (SIDE, SIDE),
    ) as axes:
        draw_map(axes, snapshot["places"], snapshot["truth"], snapshot["predicted"], classes)
    galleries = {
        f"{words} sure of": f"{kind}_pixels"
        for kind, words in (("unsure", "least"), ("sure", "most"))
    }
    mosaics = {
        words: mosaic(snapshot[pixels]) for words, pixels in galleries.items() if pixels in snapshot
    }
    if mosaics:
        with drawn(
            pictures, f"{name}-images", f"{title}: images never queried", (SIDE, SIDE), 0.05, 0.05
        ) as axes:
            draw_mosaics(axes, mosaics)


def draw_confusion(axes: Axes, counts: np.ndarray, classes: list[str]) -> None:
    """Rows are true classes, columns what they are taken for; coloured by the share of the row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, interpolation="none")
    step = -(-len(classes) // MOST_WRITTEN)
    places, names = (
        range(0, len(classes), step),
        [short_name(name, MOST_LETTERS) for name in classes[::step]],
    )
    axes.set_xticks(places, names, rotation=90 if max(map(len, names)) > 2 else 0)
    axes.set_yticks(places, names)
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(False)
    if len(classes) <= MOST_WRITTEN:
        for row, column in zip(*np.nonzero(counts), strict=True):
            colour = "black" if shares[row, column] > 0.6 else "white"
            text = str(counts[row, column])
            axes.text(column, row, text, ha="center", va="center", fontsize=6, color=colour)


def draw_map(
    axes: Axes, places: np.ndarray, truth: np.ndarray, predicted: np.ndarray, classes: list[str]
) -> None:
    """One point per image, coloured by its true class; the name is at the median of its points."""
    colours = colormaps["tab10" if len(classes) <= 10 else "hsv"]
    shades = colours(truth if len(classes) <= 10 else truth / len(classes))
    right = truth == predicted
    x, y = places.T
    axes.scatter(x[right], y[right], s=5, c=shades[right], linewidths=0, rasterized=True)
    axes.scatter(x[~right], y[~right], s=16, c=shades[~right], marker="x", linewidths=0.9)
    for label, name in enumerate(classes if len(classes) <= MOST_WRITTEN else []):
        if (truth == label).any():
            middle = np.median(x[truth == label]), np.median(y[truth == label])
            axes.annotate(
                name, middle, ha="center", va="center", fontsize=8, color="black", bbox=LABEL
            )
    axes.set_axis_off()


def draw_mosaics(axes: Axes, mosaics: dict[str, np.ndarray]) -> None:
    """Pictures below one another, each under its words."""
    top = 0.0
    for words, tiles in mosaics.items():
        height, width = (side / tiles.shape[1] for side in tiles.shape[:2])
        top += 0.08
        axes.text(0, top - 0.02, words)
        axes.imshow(
            tiles.squeeze(),
            cmap="gray",
            vmin=0,
            vmax=255,
            interpolation="none",
            extent=(0, width, top + height, top),
        )
        top += height
    axes.set(xlim=(0, 1), ylim=(max(top, 1), 0))
    axes.set_axis_off()


def mosaic(pixels: np.ndarray) -> np.ndarray:
    """Images [S, H, W, C] as one picture [H', W', C], `COLUMNS` side by side; white where there are
    no more.
    """
    count, height, width, channels = pixels.shape
    rows = -(-count // COLUMNS)
    tiles = np.full((rows * COLUMNS, height + 2, width + 2, channels), 255, np.uint8)
    tiles[:count, 1:-1, 1:-1] = pixels
    grid = tiles.reshape(rows, COLUMNS, height + 2, width + 2, channels).swapaxes(1, 2)
    return grid.reshape(rows * (height + 2), COLUMNS * (width + 2), channels)
