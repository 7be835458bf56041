"""A choice among the images of a source, and what is known of their files."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from askwell.images.contracts import Source
from askwell.images.pixels import Reading
from askwell.images.sources import FileSource


@dataclass(frozen=True)
class Chosen(ABC):
    """The images at `indices` of `source`."""

    source: Source

    @property
    @abstractmethod
    def indices(self) -> np.ndarray:
        """Where the images are in the source, int64 [N]."""

    @property
    def truth(self) -> np.ndarray | None:
        """The true class of each image, int64 [N]; None where none is known."""
        return None if self.source.truth is None else self.source.truth[self.indices]

    @cached_property
    def names(self) -> Sequence[str] | None:
        """The name of each image; None where they have none."""
        names = self.source.names
        return None if names is None else [names[index] for index in self.indices]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def stamps(self) -> np.ndarray | None:
        """What each image is known by before it is decoded, uint64 [N]."""
        stamps = stamps_of(self.source)
        return None if stamps is None else stamps[self.indices]

    def read(self, index: int) -> Reading:
        """Image `index`, with what is known of its file if it has one of its own."""
        return reading(self.source, int(self.indices[index]))

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [H, W, C]."""
        return self.read(index).pixels


def reading(source: Source, index: int) -> Reading:
    """Image `index` of any source, with what is known of its file if it has one of its own."""
    if isinstance(source, Chosen | FileSource):
        return source.read(index)
    return Reading(source.decode(index))


def name_of(source: Source, index: int) -> str:
    """The file of an image, or its number where a file holds many."""
    if isinstance(source, Chosen):
        return name_of(source.source, int(source.indices[index]))
    return source.files[index] if isinstance(source, FileSource) else f"image {index}"


def remarks_of(source: Source) -> tuple[str, ...]:
    """What a user should know about how the files were found."""
    if isinstance(source, Chosen):
        return remarks_of(source.source)
    return source.remarks if isinstance(source, FileSource) else ()


def stamps_of(source: Source) -> np.ndarray | None:
    """What each image is known by before it is decoded, uint64 [N]: an image with an equal stamp
    has equal pixels. None for images that are no files.
    """
    return source.stamps if isinstance(source, Chosen | FileSource) else None


def missing_in(source: Source) -> tuple[int, ...]:
    """The indices of images whose files are gone, ascending."""
    if isinstance(source, Chosen):
        gone = missing_in(source.source)
        return tuple(np.flatnonzero(np.isin(source.indices, gone)).tolist())
    return tuple(sorted(source.missing)) if isinstance(source, FileSource) else ()
