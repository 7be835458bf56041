"""What the first of some images are known by, however many have come since."""

import numpy as np

from askwell.images.contracts import UNKNOWN, Images, known
from askwell.images.fingerprint import digest_images
from askwell.images.view import View

BLOCK = 1024  # images in memory at a time


def fingerprint_of_first(images: Images, count: int) -> str:
    """What the fingerprint would be if there were only the first `count` images."""
    if count == len(images):
        return images.fingerprint
    truth = None if images.truth is None else images.truth[:count]
    if not len(known(truth)):
        truth = None
    starts = range(0, count, BLOCK)
    blocks = (
        images.fetch(np.arange(start, min(start + BLOCK, count))).permute(0, 2, 3, 1).numpy()
        for start in starts
    )
    channels, height, width = images.fetch(np.zeros(1, np.int64)).shape[1:]
    return digest_images(truth, (height, width, channels), blocks)


class KnownByFirst(View):
    """Images without labels that are known by the `fingerprint` of the first of them."""

    def __init__(self, images: Images, fingerprint: str) -> None:
        super().__init__(images, np.arange(len(images)), np.full(len(images), UNKNOWN))
        self._fingerprint = fingerprint

    @property
    def fingerprint(self) -> str:
        """The same, however many images have come since."""
        return self._fingerprint
