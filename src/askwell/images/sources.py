"""Where images come from: files on disk, or arrays that are loaded when first needed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from askwell.images.fingerprint import digest, digest_files
from askwell.images.pixels import Reading, fit, read


@dataclass(frozen=True)
class FileSource:
    """One image per file. `labels` are int64 [N].

    `bits` is how many bits of a 16-bit level the images use, None where it is not known. `remarks`
    are sentences about how the files were found that a user should read.
    """

    files: Sequence[str]
    labels: np.ndarray
    image_size: int
    channels: int
    bits: int | None = None
    remarks: tuple[str, ...] = ()

    @cached_property
    def stamp(self) -> str:
        """Changes with the paths, states and labels of the files, and with the size, channels and
        bits asked for.
        """
        labels = self.labels.tobytes().hex()
        return digest(digest_files(self.files), labels, self.image_size, self.channels, self.bits)

    def read(self, index: int) -> Reading:
        """Image `index`, and what its file is like. Raises BrokenImageError, which names the
        file.
        """
        return read(self.files[index], self.image_size, self.channels, self.bits)

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [H, W, C]. Raises BrokenImageError, which names the file."""
        return self.read(index).pixels


@dataclass(frozen=True)
class ArraySource:
    """Images and labels that `load` returns, as uint8 [N, H, W] or [N, H, W, C] and integers [N].

    Nothing is loaded until pixels or labels are asked for; `key` stands for what `load` would
    return, and must change whenever that does: decoded images are found by it.
    """

    load: Callable[[], tuple[np.ndarray, np.ndarray]]
    key: str
    image_size: int
    channels: int

    @cached_property
    def _loaded(self) -> tuple[np.ndarray, np.ndarray]:
        images, labels = self.load()
        return images if images.ndim == 4 else images[:, :, :, None], labels.astype(np.int64)

    @property
    def labels(self) -> np.ndarray:
        """The true class of each image, int64 [N]."""
        return self._loaded[1]

    @property
    def stamp(self) -> str:
        """Changes with `key` and with the size and channels asked for."""
        return digest(self.key, self.image_size, self.channels)

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [H, W, C], resized and recoloured only where it has to be."""
        pixels = self._loaded[0][index]
        if pixels.shape == (self.image_size, self.image_size, self.channels):
            return pixels
        grey = pixels.shape[2] == 1
        return fit(
            Image.fromarray(pixels[:, :, 0] if grey else pixels), self.image_size, self.channels
        )
