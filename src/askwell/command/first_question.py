"""The question of a run's first seconds: the evaluation sample, which is drawn from file names and
can be asked about while all other images are still to be decoded.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig

from askwell.command import sweep
from askwell.command.composing import keep_image_list
from askwell.dataset.listed import Begun, ListedDataset
from askwell.images.pixels import BrokenImageError
from askwell.oracle.bank import AnswerBank
from askwell.oracle.subject import pixels_digest
from askwell.randomness import generator
from askwell.run.question import PENDING, write_facts, write_picture
from askwell.run.run_folder import RunFolder

SHOWN_FIRST = 5
"""Images that are shown as soon as they are decoded; the others of the sample follow together."""


def asks_at_once(cfg: DictConfig, folder: RunFolder) -> bool:
    """Whether a run has not asked anything yet, and will ask on a page about images in a folder."""
    is_asked = folder.holds_record or (folder.path / PENDING).exists()
    if is_asked or not folder.owned or sweep.sweep_of_run():
        return False
    return "image_list" in cfg.dataset and str(cfg.oracle._target_).endswith(".Page")


def ask_at_once(cfg: DictConfig, folder: Path) -> None:
    """Lists the images, keeps the list, and writes the sample for the page, before Lightning is
    imported and before the pool is decoded.

    The list that is kept is that of the run, so an answer is about the same image for good.
    """
    keep_image_list(cfg)
    dataset = instantiate(cfg.dataset)
    first = dataset.begin() if isinstance(dataset, ListedDataset) else None
    if first is None:
        return
    known = AnswerBank(cfg.oracle.answers_dir).known(first.classes)  # of other runs
    rows: list[dict[str, Any]] = []
    for row in _rows(first, folder):
        if row["image"] in known:
            continue
        rows.append(row)
        if len(rows) == SHOWN_FIRST:
            _write(folder, first, rows)
    _write(folder, first, rows)


def _rows(begun: Begun, folder: Path) -> Iterator[dict[str, Any]]:
    """The images of the sample that can be read, in random order, as asked.json holds them. Keeps
    what is seen of each: a browser cannot show every file.
    """
    held, source = begun.held, begun.source
    for place in torch.randperm(len(held), generator=generator("asked at once", len(held))):
        index = int(held[place])
        try:
            pixels = source.decode(index)
        except BrokenImageError:  # it is left out of the sample once all images are read
            continue
        write_picture(folder, index, pixels)
        name = None if source.names is None else source.names[index]
        no_network: dict[str, Any] = {"score": None, "guesses": [], "cluster": None}
        yield {"index": index, "name": name, "image": pixels_digest(pixels), **no_network}


def _write(folder: Path, begun: Begun, rows: list[dict[str, Any]]) -> None:
    facts = {
        "round": 0,
        "size": 0,
        "first": 0,
        "evaluation": [row["index"] for row in rows],
        "classes": list(begun.classes),
        "left": len(begun.source) - len(begun.held),
        "images": rows,
    }
    write_facts(folder, facts)
