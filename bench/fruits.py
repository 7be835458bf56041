"""How soon does training begin: from a folder of images, from the store, and with torchvision's ImageFolder?"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from askwell.dataset.fruits import TRAIN, Fruits
from askwell.dataset.images import Images
from bench import program
from bench.publishing import Row, publish
from bench.timing import Contender, Measurement, in_turns, options, parsed

COLD, WARM, OTHER = "Askwell, cold folder", "Askwell, warm store", "ImageFolder"
MEAN = STD = (0.5, 0.5, 0.5)


def main() -> None:
    """Times a start on Fruits-360 to the first batch, and to every image once, which is what a round scores."""
    chosen = parsed(options("Start on Fruits-360.", batch_size=64))
    with tempfile.TemporaryDirectory() as temporary:
        folder, cache = Path(temporary) / "images", Path(temporary) / "cache"
        known = _fruits(cache).splits()
        _link(known.train.files, folder)
        contenders = {
            f"{name}, {extent}": _starting(start, chosen.batch_size, whole)
            for extent, whole in (("first batch", False), ("every image", True))
            for name, start in _starts(folder, cache).items()
        }
        measured = in_turns(contenders, chosen.runs, warm_up=True)
    rows = [_row(name, measured) for name in measured]
    publish("fruits", f"From nothing to batches of {chosen.batch_size}: {len(known.train.labels):,} fruits", rows, chosen)
