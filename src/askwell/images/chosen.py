"""Some of the images of a source, and what is known of the file behind each."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

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
        """Where the images stand in the source, int64 [N]."""

    def decode(self, index: int) -> np.ndarray:
        """Image `index` as uint8 [H, W, C]."""
        return self.source.decode(int(self.indices[index]))


def reading(source: Source, index: int) -> Reading:
    """Image `index` of any source, and what its file is like where it has one of its own."""
    if isinstance(source, Chosen):
        return reading(source.source, int(source.indices[index]))
    return source.read(index) if isinstance(source, FileSource) else Reading(source.decode(index))


def name_of(source: Source, index: int) -> str:
    """The file of an image, or its number where a file holds many."""
    if isinstance(source, Chosen):
        return name_of(source.source, int(source.indices[index]))
    return source.files[index] if isinstance(source, FileSource) else f"image {index}"


def remarks_of(source: Source) -> tuple[str, ...]:
    """What a user should know of how the files were found."""
    if isinstance(source, Chosen):
        return remarks_of(source.source)
    return source.remarks if isinstance(source, FileSource) else ()
