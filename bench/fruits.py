"""How soon does work begin: from a folder of images, from the store, and with torchvision's
ImageFolder?
"""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, Normalize, ToTensor

from askwell.batches.loading import Fetched
from askwell.images.contracts import Images
from askwell.images.sources import FileSource
from bench import program
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

COLD, WARM, FOLDER = "Askwell, cold folder", "Askwell, warm store", "ImageFolder"
FIRST, ALL = "first batch", "every image once"
HALF = (0.5, 0.5, 0.5)

SPLITS = ("train", "test")

Batches = Iterable[Any]
Start = Callable[[], list[Batches]]
"""Finds both splits of the data set, as a run does, and returns the shuffled batches of each."""


def main() -> None:
    """Times starts on the ten confusable fruits up to the first batch, and up to the end of the
    first pass.
    """
    chosen = parsed(options("A start on Fruits-360.", batch_size=16))
    with tempfile.TemporaryDirectory() as temporary:
        root, cache = Path(temporary) / "images", Path(temporary) / "cache"
        images = _linked_classes(root)
        starts = _starts(root, cache, chosen.batch_size)
        contenders = {
            (name, extent): _going(starts[name], extent)
            for extent in (FIRST, ALL)
            for name in starts
        }
        named = {f"{name}: {extent}": work for (name, extent), work in contenders.items()}
        measured = in_turns(named, chosen.runs, warm_up=True)
    rows = [_row(name, extent, measured) for name, extent in contenders]
    publish(
        "fruits", f"From nothing to batches of {chosen.batch_size}: {images:,} fruits", rows, chosen
    )


def _linked_classes(root: Path) -> int:
    """Puts links to the class folders of both splits into `root`; returns how many images they
    hold.
    """
    images = 0
    for split, source in zip(SPLITS, program.dataset("fruits").splits(), strict=False):
        if not isinstance(source, FileSource):
            raise TypeError(f"expected the fruits as files, found {type(source).__name__}")
        images += len(source.files)
        (root / split).mkdir(parents=True)
        for folder in {Path(file).parent for file in source.files}:
            (root / split / folder.name).symlink_to(folder, target_is_directory=True)
    return images


def _starts(root: Path, cache: Path, batch_size: int) -> dict[str, Start]:
    fruits = program.dataset("fruits", f"cache_dir={cache}")

    def warm() -> list[Batches]:
        opened = fruits.open()
        return [_fetching(images, batch_size) for images in (opened.train, opened.evaluation)]

    def cold() -> list[Batches]:
        shutil.rmtree(cache, ignore_errors=True)
        return warm()

    def folder() -> list[Batches]:
        transform = Compose([ToTensor(), Normalize(HALF, HALF)])
        images = [ImageFolder(str(root / split), transform) for split in SPLITS]
        return [DataLoader(split, batch_size, shuffle=True) for split in images]

    return {COLD: cold, WARM: warm, FOLDER: folder}


def _fetching(images: Images, batch_size: int) -> Batches:
    batches = torch.randperm(len(images)).split(batch_size)
    return DataLoader(
        Fetched(images), batch_sampler=[batch.tolist() for batch in batches], collate_fn=_as_fetched
    )


def _as_fetched(batch: Any) -> Any:
    return batch


def _going(start: Start, extent: str) -> Contender:
    def go(_: int) -> None:
        for _ in chain(*start()):
            if extent == FIRST:
                break

    return go


def _row(name: str, extent: str, measured: dict[str, Measurement]) -> Row:
    one, folder = measured[f"{name}: {extent}"], measured[f"{FOLDER}: {extent}"]
    return {
        "start": name,
        "until": extent,
        "seconds": one.median,
        "faster than ImageFolder by": folder.of(one),
        "_runs": one.seconds,
    }


if __name__ == "__main__":
    main()
