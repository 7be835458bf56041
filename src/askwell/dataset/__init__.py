"""Data sets, one file each."""

from askwell.dataset.base import UNKNOWN, ImageDataset, Images, OpenDataset, Source, Splits
from askwell.dataset.realism import Realism
from askwell.images.pixels import read_image
from askwell.images.sources import ArraySource

__all__ = [
    "UNKNOWN",
    "ArraySource",
    "ImageDataset",
    "Images",
    "OpenDataset",
    "Realism",
    "Source",
    "Splits",
    "read_image",
]
