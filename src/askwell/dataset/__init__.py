"""Data sets, and the data module that feeds them to a Lightning trainer. One file a data set."""

from askwell.dataset.base import ImageDataset, Images, OpenDataset, Source, Splits
from askwell.dataset.module import ActiveDataModule

__all__ = ["ActiveDataModule", "ImageDataset", "Images", "OpenDataset", "Source", "Splits"]
