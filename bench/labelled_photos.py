"""Folders of images to be labelled, and the page of `askwell label` that asks about them."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from askwell.command.demo import CLASSES
from askwell.dataset.mnist_mini import packaged_digits


def place_in_memory() -> str | None:
    """In memory where there is such a place: a million files are written there in a minute."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


def write_images(folder: Path, count: int) -> Callable[[bytes], str]:
    """Digits, turned by a quarter from the 5,001st on; what tells the digit of an image file."""
    images, labels = packaged_digits()
    folder.mkdir(parents=True)
    known: dict[bytes, str] = {}
    for number in range(count):
        turns, place = divmod(number, len(images))
        pixels = np.ascontiguousarray(np.rot90(images[place], turns))
        known[pixels.tobytes()] = str(labels[place])
        Image.fromarray(pixels).save(folder / f"{number:07}.png")
    return lambda content: known[np.asarray(Image.open(io.BytesIO(content)).convert("L")).tobytes()]


def link_images(source: Path, folder: Path, count: int) -> None:
    """As many hard links to the images in `source`, in folders of 10,000."""
    files = sorted(os.scandir(source), key=lambda entry: entry.name)
    for number in range(count):
        part = folder / f"{number // 10_000:04}"
        if number % 10_000 == 0:
            part.mkdir(parents=True)
        os.link(files[number % len(files)].path, f"{part}/{number:07}.png")


@contextmanager
def served(
    photos: Path, run: str, *settings: str, classes: Sequence[str] = tuple(CLASSES)
) -> Iterator[str]:
    """The address of the page that `askwell label` serves for `photos`, in a run of this name."""
    words = ["label", str(photos), "--classes", ",".join(classes), "--no-browser", "--run", run]
    # With the answers in one place, a run would take over what another was told.
    words += [f"answers_dir=answers-{run}", *settings]
    process = subprocess.Popen(
        [sys.executable, "-c", "from askwell.command.cli import main; main()", *words],
        cwd=photos.parent,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "ASKWELL_CACHE": str(photos.parent / "cache")},
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)  # as Ctrl+C, which ends what it has started, too
        process.wait(60)


def count_images(photos: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(photos))
