"""Rows that somebody else computed."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from askwell.embedding.base import Embeddings
from askwell.errors import UserError
from askwell.images.contracts import Images
from askwell.images.fingerprint import digest
from askwell.images.near_copies import NearCopies
from askwell.scoring.scorer import Track, unwatched


@dataclass(frozen=True)
class File:
    """A .npy file for each split, floats [N, D] in the order of its images.

    The order is that of the data set: by class, then by name, for folders.
    """

    train: str | None = None
    evaluation: str | None = None
    features: int | None = None

    def open(
        self, images: Images, split: str, cache_dir: Path, track: Track = unwatched
    ) -> Embeddings:
        """The rows of a split. Raises UserError where its file does not hold one for each image."""
        if isinstance(images, NearCopies):
            raise UserError(
                "realism.copies makes images that no file has rows of: choose another embedding="
            )
        setting = f"embedding.{split}"
        name = {"train": self.train, "evaluation": self.evaluation}[split]
        if name is None:
            raise UserError(
                f"embedding=file needs {setting}=…: a .npy file with one row for each of the "
                f"{len(images)} images of the split"
            )
        values = _loaded(Path(name).expanduser(), setting)
        if values.ndim != 2 or values.dtype.kind != "f" or len(values) != len(images):
            raise UserError(
                f"{setting}={name} holds {values.dtype} {list(values.shape)}: expected floats "
                f"[{len(images)}, D], one row for each image"
            )
        halves = _halves(values, f"{setting}={name}")
        return Embeddings(halves, digest("file", _sum(halves)))


def _loaded(file: Path, setting: str) -> np.ndarray:
    try:
        return np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise UserError(
            f"{setting}={file} cannot be read ({reason}): expected a .npy file of floats [N, D]"
        ) from error


def _halves(values: np.ndarray, setting: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        halves = values if values.dtype == np.float16 else values.astype(np.float16)
    if not np.isfinite(halves).all():
        raise UserError(f"{setting} holds numbers that float16 cannot: scale its rows")
    return halves


def _sum(values: np.ndarray) -> str:
    return sha256(np.ascontiguousarray(values).data).hexdigest()
