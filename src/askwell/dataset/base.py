"""What a data set is: where its images are, before anything is decoded."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from askwell.images.contracts import UNKNOWN, Images, Source, Splits
from askwell.images.open_dataset import OpenDataset
from askwell.images.opening import open_splits

__all__ = ["UNKNOWN", "ImageDataset", "Images", "OpenDataset", "Source", "Splits"]


@dataclass(frozen=True, kw_only=True)
class ImageDataset(ABC):
    """An image data set with a fixed evaluation set. A new one is a subclass with one method.

    `classes` picks a subset by name or number, in the order given. `store` is "memmap" (decode once
    into `cache_dir`) or "none" (decode on demand). `broken_images` are an "error", or put into
    "quarantine": left out, and listed in `cache_dir`. `evaluation_size` is how many images are held
    out to be asked about where the data set has no evaluation set. `num_classes` is there for the
    networks' configs to refer to, and unused here.
    """

    image_size: int
    channels: int
    data_dir: Path | str
    cache_dir: Path | str
    classes: Sequence[str | int] | None = None
    store: str = "memmap"
    broken_images: str = "error"
    num_classes: int | None = None
    evaluation_size: int | None = None

    @abstractmethod
    def splits(self) -> Splits:
        """Finds the images, or downloads them; decodes none. Raises UserError where this fails."""

    def open(self) -> OpenDataset:
        """The images of the chosen classes, ready to be fetched; decoded into the store the first
        time.
        """
        return open_splits(
            self.splits(),
            self.classes,
            self.store,
            Path(self.cache_dir),
            self.broken_images,
            self.evaluation_size,
        )
