"""Data sets, and the data module that feeds them to a Lightning trainer. One file per data set."""

from askwell.dataset.base import ImageDataset, Images, OpenDataset, Source, Splits
from askwell.dataset.module import ActiveDataModule
from askwell.dataset.pixels import read_image
from askwell.dataset.sources import ArraySource

__all__ = [
    "ActiveDataModule",
    "ArraySource",
    "ImageDataset",
    "Images",
    "OpenDataset",
    "Source",
    "Splits",
    "read_image",
]
