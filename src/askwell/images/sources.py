"""Sources of images: files on disk, or arrays that are loaded when first needed."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress

import numpy as np
from PIL import Image

from askwell.images.fingerprint import digest, digest_files, file_stamps
from askwell.images.pixels import Reading, fit, read
from askwell.text import writable


@dataclass(frozen=True)
class FileSource:
    """One image per file. `truth` is int64 [N], or None where no label is known.

    `root` is the folder that names are relative to; without one the images have no names.
    `missing` are the indices of files that are gone, whose images keep their place. `bits` is how
    many bits of a 16-bit level the images use, None where it is not known. `remarks` are sentences
    about how the files were found that a user should read.
    """

    files: Sequence[str]
    truth: np.ndarray | None
    image_size: int
    channels: int
    bits: int | None = None
    remarks: tuple[str, ...] = ()
    root: str | None = None
    missing: frozenset[int] = frozenset()

    @cached_property
    def names(self) -> Sequence[str] | None:
        """The path of each image relative to `root`, written as any file can hold it."""
        return None if self.root is None else [name_below(self.root, file) for file in self.files]

    @cached_property
    def stamp(self) -> str:
        """Changes with the paths, states and labels of the files, and with the size, channels and
        bits asked for.
        """
        labels = None if self.truth is None else self.truth.tobytes().hex()
        present = [file for index, file in enumerate(self.files) if index not in self.missing]
        settings = self.image_size, self.channels, self.bits
        return digest(digest_files(present), labels, *settings, *sorted(self.missing))

    @property
    def stamps(self) -> np.ndarray:
        """What each image is known by before it is decoded: its path, its file's state and the
        size, channels and bits asked for. uint64 [N].
        """
        settings = digest(self.image_size, self.channels, self.bits)
        return file_stamps(self.files, settings, self.missing)

    def __len__(self) -> int:
        return len(self.files)

    def subset(self, mask: np.ndarray) -> "FileSource":
        """The images where `mask` [N] is true; of data without files that are gone."""
        truth = None if self.truth is None else self.truth[mask]
        return replace(self, files=list(compress(self.files, mask)), truth=truth)

    def read(self, index: int) -> Reading:
        """Image `index`, with what is known of its file. Raises BrokenImageError, which names the
        file.
        """
        return read(self.files[index], self.image_size, self.channels, self.bits)

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [H, W, C]. Raises BrokenImageError, which names the file."""
        return self.read(index).pixels


@dataclass(frozen=True)
class ArraySource:
    """Images and labels that `load` returns, as uint8 [N, H, W] or [N, H, W, C] and integers [N];
    None in place of labels where none is known.

    Nothing is loaded until pixels or labels are needed. `key` identifies what `load` would return,
    and must change whenever that does: decoded images are found by it.
    """

    load: Callable[[], tuple[np.ndarray, np.ndarray | None]]
    key: str
    image_size: int
    channels: int
    names: None = None

    @cached_property
    def _loaded(self) -> tuple[np.ndarray, np.ndarray | None]:
        images, labels = self.load()
        truth = None if labels is None else labels.astype(np.int64)
        return images if images.ndim == 4 else images[:, :, :, None], truth

    @property
    def truth(self) -> np.ndarray | None:
        """The true class of each image, int64 [N]; None where none is known."""
        return self._loaded[1]

    def __len__(self) -> int:
        return len(self._loaded[0])

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


def name_below(root: str, file: str) -> str:
    r"""The path of a file relative to `root`, posix style; bytes that are not UTF-8 and control
    characters are written out.

    >>> name_below("/photos", "/photos/cat/caf\udce9 1.png")
    'cat/caf\\xe9 1.png'
    """
    return writable(path_below(root, file))


def path_below(root: str, file: str) -> str:
    """The path of a file relative to `root`, posix style, byte for byte.

    >>> path_below("/photos", "/photos/cat/1.png"), path_below("/photos", "/more/2.png")
    ('cat/1.png', '../more/2.png')
    """
    start = f"{root}{os.sep}"
    # relpath takes 10 microseconds, which a million files would be waited for
    path = file[len(start) :] if file.startswith(start) else os.path.relpath(file, root)
    return path.replace(os.sep, "/")
