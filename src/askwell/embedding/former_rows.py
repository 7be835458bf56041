"""Rows of images that were embedded before others came: a folder that grew has only its new images
embedded.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from askwell.embedding.base import Encoder
from askwell.images.contracts import Images
from askwell.images.first_images import fingerprint_of_first
from askwell.images.seal import read_sealed

ROWS, CONTENT = "rows.npy", "content.json"


def former_rows(encoder: Encoder, images: Images, folder: Path) -> Path | None:
    """The folder beside `folder` with the rows that `encoder` gave most of the first images; None
    where there is none.
    """
    for count, fingerprint, place in sorted(_of_encoder(encoder, folder), reverse=True):
        if count < len(images) and fingerprint_of_first(images, count) == fingerprint:
            return place
    return None


def _of_encoder(encoder: Encoder, folder: Path) -> Iterator[tuple[int, str, Path]]:
    """How many images the other rows of the encoder are of, and the fingerprint of these."""
    for file in folder.parent.glob(f"*/{CONTENT}"):
        with suppress(OSError, ValueError, KeyError, TypeError, EOFError):  # damaged: of no use
            facts = read_sealed(file)
            if facts["encoder"] == encoder.fingerprint._asdict():
                rows = np.load(file.with_name(ROWS), mmap_mode="r")
                yield len(rows), facts["images"], file.parent
