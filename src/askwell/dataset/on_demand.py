"""Images without a store: decoded from their source whenever they are fetched."""

import logging
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from askwell.dataset.decoding import decoded, image_shape
from askwell.dataset.fingerprint import digest_images
from askwell.dataset.images import Source
from askwell.dataset.statistics import Statistics, channel_statistics

logger = logging.getLogger(__name__)


class OnDemandImages:
    """For images that change, or do not fit on the disk a second time. Slow: every fetch decodes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.labels = source.labels

    @cached_property
    def fingerprint(self) -> str:
        """That of a store of the same images. Decodes all of them, once a start, and so finds all that are broken."""
        logger.info("decoding %d images once, to know them by their pixels", len(self))
        shape = image_shape(self.source)
        return digest_images(self.labels, shape, decoded(self.source, shape))

    @cached_property
    def statistics(self) -> Statistics:
        """Mean and standard deviation of each channel."""
        return channel_statistics(self.fetch, len(self))

    def __len__(self) -> int:
        return len(self.labels)

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B], as uint8 [B, C, H, W] in channels_last memory."""
        if not len(indices):
            return self.fetch(np.zeros(1, np.int64))[:0]
        images = np.stack([self.source.decode(int(index)) for index in indices])
        return torch.from_numpy(images).permute(0, 3, 1, 2)
