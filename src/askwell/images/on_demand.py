"""Images without a store: decoded from their source at every fetch."""

import logging
from collections.abc import Iterator
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from askwell.images.channel_statistics import Statistics, channel_statistics
from askwell.images.contracts import Source
from askwell.images.decoding import decoded, image_shape
from askwell.images.fingerprint import digest_images
from askwell.images.traits import Traits

logger = logging.getLogger(__name__)


class OnDemandImages:
    """For images that change, or do not fit on the disk a second time. Slow: every fetch
    decodes.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.truth, self.names = source.truth, source.names

    @property
    def fingerprint(self) -> str:
        """The fingerprint of a store of the same images. Decodes all of them, once per start, and
        so finds every broken one.
        """
        return self._known[0]

    @property
    def traits(self) -> Traits:
        """The traits of the files. Decodes all of them, as the fingerprint does."""
        return self._known[1]

    @cached_property
    def _known(self) -> tuple[str, Traits]:
        logger.info("decoding %d images once, to identify them by their pixels", len(self))
        shape, traits = image_shape(self.source), [Traits()]

        def pixels() -> Iterator[np.ndarray]:
            for images, of_block in decoded(self.source, shape):
                traits.append(of_block)
                yield images

        fingerprint = digest_images(self.truth, shape, pixels())
        return fingerprint, sum(traits, Traits())

    @cached_property
    def statistics(self) -> Statistics:
        """Mean and standard deviation of each channel."""
        return channel_statistics(self.fetch, len(self))

    def __len__(self) -> int:
        return len(self.source)

    def fetch(self, indices: np.ndarray) -> Tensor:
        """The images at `indices` [B], as uint8 [B, C, H, W] in channels_last memory."""
        if not len(indices):
            return self.fetch(np.zeros(1, np.int64))[:0]
        images = np.stack([self.source.decode(int(index)) for index in indices])
        return torch.from_numpy(images).permute(0, 3, 1, 2)
